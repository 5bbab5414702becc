// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.reward;

import java.util.List;
import java.util.Optional;

/**
 * Scores all completions of a rollout together: a judge that is asked once, or a comparison between samples.
 *
 * <p>It is asked after the {@link RewardFunction functions for single completions}, sees what they gave, and does not count
 * towards solving a problem unless there are no such functions: a bonus for brevity makes no wrong answer right. It may throw:
 * that stops the run with its name.
 */
@FunctionalInterface
public non-sealed interface BatchReward extends Reward {

    /**
     * Scores every completion.
     *
     * @param groups the groups of a rollout
     * @return for each group one score per sample, in order
     */
    List<List<Score>> score(List<Samples> groups);

    /** Whether it is asked about problems with these columns at all; the samples of others skip it. */
    default boolean concerns(Columns columns) {
        return true;
    }

    /**
     * The samples of one prompt.
     *
     * @param completions G of them
     * @param rewards [G] what functions for single completions gave each, weighted and added up; NaN for none. A copy
     */
    record Samples(List<Completion> completions, double[] rewards) {
        public Samples {
            completions = List.copyOf(completions);
        }
    }

    /** The same under a name. */
    static BatchReward named(String name, BatchReward reward) {
        return new BatchReward() {
            @Override
            public List<List<Score>> score(List<Samples> groups) {
                return reward.score(groups);
            }

            @Override
            public boolean concerns(Columns columns) {
                return reward.concerns(columns);
            }

            @Override
            public void requireUsable(Columns columns) {
                reward.requireUsable(columns);
            }

            @Override
            public Running running() {
                return reward.running();
            }

            @Override
            public Optional<String> waitsFor() {
                return reward.waitsFor();
            }

            @Override
            public boolean repeatable() {
                return reward.repeatable();
            }

            @Override
            public boolean needsTokens() {
                return reward.needsTokens();
            }

            @Override
            public String name() {
                return name;
            }
        };
    }
}
