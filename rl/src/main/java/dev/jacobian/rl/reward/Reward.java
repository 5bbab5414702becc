// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.reward;

import java.util.Optional;

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

    /** How a run calls a reward. */
    enum Running {
        /** It computes: on a bounded number of threads, with a deadline. */
        COMPUTES,
        /** It waits for somebody else, such as a server: many at once, on virtual threads, with a deadline. */
        WAITS,
        /**
         * It computes with the engine, as a model does that lies in this process: on the thread that trains, whose memory it uses, without a
         * deadline. What it does must be bounded by itself.
         */
        HERE
    }

    /** How it is to be called. */
    default Running running() {
        return Running.COMPUTES;
    }

    /** Whom a call waits for, and how it goes, for the message of one that took too long; empty for one that waits for nobody. */
    default Optional<String> waitsFor() {
        return Optional.empty();
    }

    /**
     * Whether the same completion always gets the same score, whatever else the machine does. What one says that is not so, because time
     * decides part of it, is written down, so that a step that is computed again learns from the same scores.
     */
    default boolean repeatable() {
        return true;
    }

    /** Whether it reads {@link Completion#tokenIds}, which a recorded text lacks. */
    default boolean needsTokens() {
        return false;
    }

    /** The name in metrics and messages. */
    default String name() {
        return getClass().getSimpleName();
    }
}
