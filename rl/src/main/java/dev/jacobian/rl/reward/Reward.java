// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.reward;

/**
 * What gives completions a worth: by looking at one at a time ({@link RewardFunction}, nearly always), or by comparing the
 * samples of a prompt or of a whole rollout ({@link GroupReward}, {@link BatchReward}).
 */
public sealed interface Reward permits RewardFunction, BatchReward {

    /**
     * Checks that a problem's columns have what this reward reads. Whoever reads a file asks before a run, so that a row
     * without its answer is an error with a line number at the start and not after hours.
     *
     * @throws IllegalArgumentException naming the column and what is wrong with it
     */
    default void requireUsable(Columns columns) {}

    /** The name in metrics and messages. */
    default String name() {
        return getClass().getSimpleName();
    }
}
