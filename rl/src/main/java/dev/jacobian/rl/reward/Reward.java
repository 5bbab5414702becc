// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.reward;

/**
 * What gives completions a worth: by looking at one at a time ({@link RewardFunction}, nearly always), or by comparing the
 * samples of a prompt or of a whole rollout ({@link GroupReward}, {@link BatchReward}).
 */
public sealed interface Reward permits RewardFunction, BatchReward {

    /** The name in metrics and messages. */
    default String name() {
        return getClass().getSimpleName();
    }
}
