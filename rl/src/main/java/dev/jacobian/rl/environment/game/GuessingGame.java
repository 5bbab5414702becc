// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.environment.game;

import dev.jacobian.rl.environment.Environment;
import dev.jacobian.rl.environment.EnvironmentLimits;
import dev.jacobian.rl.environment.Reply;
import dev.jacobian.rl.environment.Said;
import dev.jacobian.rl.environment.Session;
import dev.jacobian.rl.environment.Start;
import dev.jacobian.rl.reward.Columns;
import java.util.List;

/**
 * Guess a number between 1 and {@code largest}: each guess is answered with {@code higher} or {@code lower}, the right one earns 1 and
 * ends the game. A turn without a number is answered with the rules.
 *
 * <p>The number is the problem's column {@code secret}.
 *
 * @param largest number that may be the secret
 * @param limits how far a game may go; whoever halves needs one turn more than log₂ of the largest number
 */
public record GuessingGame(int largest, EnvironmentLimits limits) implements Environment {
    public GuessingGame {
        if (largest < 2 || largest > 1_000_000_000) {
            throw new IllegalArgumentException("largest must be between 2 and 1000000000, got " + largest);
        }
    }

    @Override
    public String name() {
        return "guess";
    }

    @Override
    public List<String> stops() {
        return List.of("\n");
    }

    /** The rules, as a prompt. */
    public String rules() {
        return "I think of a whole number between 1 and " + largest
                + ". Guess it: say a number, and I say whether mine is higher or lower.";
    }

    @Override
    public void requireUsable(Columns columns) {
        secret(columns);
    }

    private long secret(Columns columns) {
        long secret = columns.integer("secret");
        if (secret < 1 || secret > largest) {
            throw new IllegalArgumentException("the secret " + secret + " is not between 1 and " + largest);
        }
        return secret;
    }

    @Override
    public Session reset(Start start) {
        long secret = secret(start.columns());
        String end = start.isConversation() ? "" : "\n";
        return said -> answer(said, secret, end);
    }

    private Reply answer(Said said, long secret, String end) {
        long guess = LastNumber.in(said.text());
        if (guess == secret) {
            return Reply.done(1);
        }
        String hint = guess < 0 ? "say a number between 1 and " + largest : guess < secret ? "higher" : "lower";
        return Reply.of(hint + end, 0);
    }
}
