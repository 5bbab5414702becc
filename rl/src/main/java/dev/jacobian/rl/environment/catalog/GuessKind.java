// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.environment.catalog;

import dev.jacobian.rl.config.ConfigTree;
import dev.jacobian.rl.config.Setting;
import dev.jacobian.rl.environment.Environment;
import dev.jacobian.rl.environment.EnvironmentLimits;
import dev.jacobian.rl.environment.EnvironmentReward;
import dev.jacobian.rl.environment.game.GuessingGame;
import dev.jacobian.rl.reward.WeightedRewards;
import dev.jacobian.rl.task.Task;
import java.util.Map;
import java.util.Optional;

/** The {@link GuessingGame}. */
public record GuessKind(
        @Setting(value = "100", doc = "the largest number that may have to be guessed; the smallest is 1")
        int largest,

        EnvironmentLimits limits)
        implements EnvironmentKind {
    /** The defaults. */
    public static final GuessKind DEFAULT = ConfigTree.defaults(GuessKind.class);

    public GuessKind {
        new GuessingGame(largest, limits); // which checks
    }

    @Override
    public String name() {
        return "guess";
    }

    @Override
    public String about() {
        return "guess a number that is said to be higher or lower; 1 for a hit within max_turns";
    }

    @Override
    public Environment environment() {
        return new GuessingGame(largest, limits);
    }

    @Override
    public Optional<Task> problems(boolean isConversation) {
        String rules = new GuessingGame(largest, limits).rules() + (isConversation ? "" : "\n");
        return Optional.of(new MadeUp(
                name(),
                rng -> {
                    int secret = 1 + rng.nextInt(largest);
                    return new MadeUp.Drawn("secret " + secret, rules, Map.of("secret", secret));
                },
                isConversation,
                WeightedRewards.of(new EnvironmentReward())));
    }

    @Override
    public boolean isRewarding() {
        return true;
    }
}
