// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.reward;

import java.util.Optional;

/**
 * Scores a completion.
 *
 * <pre>{@code
 * RewardFunction brief = RewardFunction.named("brief", c -> Score.of(-c.tokenIds().length / 100.0));
 * }</pre>
 *
 * <p>A function is called from several threads at once and must give the same score for the same completion. It may
 * throw: the caller turns that into a {@link Score.Failure}. What it is given is its own copy.
 */
@FunctionalInterface
public non-sealed interface RewardFunction extends Reward {

    /** The score of one completion. */
    Score score(Completion completion);

    /** The name in metrics and messages; for a lambda give one with {@link #named}. */
    @Override
    default String name() {
        return getClass().getSimpleName();
    }

    /** The same function under a name. */
    static RewardFunction named(String name, RewardFunction function) {
        return new RewardFunction() {
            @Override
            public Score score(Completion completion) {
                return function.score(completion);
            }

            @Override
            public void requireUsable(Columns columns) {
                function.requireUsable(columns);
            }

            @Override
            public Running running() {
                return function.running();
            }

            @Override
            public Optional<String> waitsFor() {
                return function.waitsFor();
            }

            @Override
            public boolean repeatable() {
                return function.repeatable();
            }

            @Override
            public boolean needsTokens() {
                return function.needsTokens();
            }

            @Override
            public String name() {
                return name;
            }
        };
    }
}
