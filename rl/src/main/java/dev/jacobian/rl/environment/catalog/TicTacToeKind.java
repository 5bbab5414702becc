// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.environment.catalog;

import dev.jacobian.rl.config.ConfigTree;
import dev.jacobian.rl.environment.Environment;
import dev.jacobian.rl.environment.EnvironmentLimits;
import dev.jacobian.rl.environment.EnvironmentReward;
import dev.jacobian.rl.environment.game.TicTacToe;
import dev.jacobian.rl.reward.WeightedRewards;
import dev.jacobian.rl.task.Task;
import java.util.Map;
import java.util.Optional;

/** {@link TicTacToe}. */
public record TicTacToeKind(EnvironmentLimits limits) implements EnvironmentKind {
    /** The defaults. */
    public static final TicTacToeKind DEFAULT = ConfigTree.defaults(TicTacToeKind.class);

    @Override
    public String name() {
        return "tictactoe";
    }

    @Override
    public String about() {
        return "tic-tac-toe against a fixed opponent; 1 for a win, 0.5 for a draw, -1 for an illegal move";
    }

    @Override
    public Environment environment() {
        return new TicTacToe(limits);
    }

    @Override
    public Optional<Task> problems(boolean isConversation) {
        String rules = new TicTacToe(limits).rules() + (isConversation ? "" : "\n");
        return Optional.of(new MadeUp(
                name(),
                rng -> {
                    int opponent = rng.nextInt(Integer.MAX_VALUE);
                    return new MadeUp.Drawn("opponent " + opponent, rules, Map.of("opponent", opponent));
                },
                isConversation,
                WeightedRewards.of(new EnvironmentReward())));
    }

    @Override
    public boolean isRewarding() {
        return true;
    }
}
