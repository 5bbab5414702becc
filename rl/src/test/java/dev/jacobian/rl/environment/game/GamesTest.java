// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.environment.game;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.jacobian.rl.environment.EnvironmentLimits;
import dev.jacobian.rl.environment.Reply;
import dev.jacobian.rl.environment.Said;
import dev.jacobian.rl.environment.Session;
import dev.jacobian.rl.environment.Start;
import dev.jacobian.rl.reward.Columns;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

class GamesTest {
    private static Start start(Map<String, Object> columns) {
        return new Start("p", "?", new Columns(columns), 0, 0);
    }

    private static Reply say(Session session, String text) throws Exception {
        return session.respond(new Said(1, text, false));
    }

    @Test
    @DisplayName("guesses are answered until the right one, which earns 1")
    void guessing() throws Exception {
        GuessingGame game = new GuessingGame(100, EnvironmentLimits.DEFAULT);
        Session session = game.reset(start(Map.of("secret", 42)));
        assertThat(say(session, "50\n")).isEqualTo(Reply.of("lower\n", 0));
        assertThat(say(session, "not 50 but 25")).isEqualTo(Reply.of("higher\n", 0));
        assertThat(say(session, "hm")).isEqualTo(Reply.of("say a number between 1 and 100\n", 0));
        assertThat(say(session, "99999999999999999999999")).isEqualTo(Reply.of("lower\n", 0));
        assertThat(say(session, "42")).isEqualTo(Reply.done(1));
        Session chat = game.reset(new Start("p", "[]", Columns.of("secret", 42), 0, 0, true, Optional.empty()));
        assertThat(say(chat, "50")).isEqualTo(Reply.of("lower", 0));
        assertThatThrownBy(() -> game.reset(start(Map.of("secret", 101))))
                .hasMessageContaining("the secret 101 is not between 1 and 100");
        assertThatThrownBy(() -> new GuessingGame(1, EnvironmentLimits.DEFAULT)).hasMessageContaining("largest");
    }

    @Test
    @DisplayName("an illegal move costs 1; whoever says nothing has made one")
    void illegal() throws Exception {
        TicTacToe game = new TicTacToe(EnvironmentLimits.DEFAULT);
        Session session = game.reset(start(Map.of("opponent", 3)));
        Reply first = say(session, "5");
        assertThat(first.isDone()).isFalse();
        assertThat(say(session, "5")).isEqualTo(Reply.done(-1));
        assertThat(say(game.reset(start(Map.of("opponent", 3))), "center")).isEqualTo(Reply.done(-1));
        assertThat(say(game.reset(start(Map.of("opponent", 3))), "10")).isEqualTo(Reply.done(-1));
    }

    @Test
    @DisplayName(
            "against every opponent the whole tree is played: it never loses by a missed block, and each of the three"
                    + " results occurs")
    void everyGame() throws Exception {
        TicTacToe game = new TicTacToe(EnvironmentLimits.DEFAULT);
        for (int opponent = 0; opponent < 5; opponent++) {
            int[] results = new int[3];
            play(game, opponent, "", results);
            assertThat(results[0]).as("lost").isPositive();
            assertThat(results[1]).as("drawn").isPositive();
            assertThat(results[2]).as("won").isPositive();
        }
    }

    /** Plays every continuation of some moves, from the beginning each time: a game is a function of what was said. */
    private static void play(TicTacToe game, int opponent, String moves, int[] results) throws Exception {
        for (char move = '1'; move <= '9'; move++) {
            Session session = game.reset(start(Map.of("opponent", opponent)));
            for (char earlier : moves.toCharArray()) {
                say(session, "" + earlier);
            }
            Reply reply = say(session, "" + move);
            if (!reply.isDone()) {
                play(game, opponent, moves + move, results);
            } else if (reply.reward().orElseThrow() >= 0) {
                results[(int) (2 * reply.reward().orElseThrow())]++;
            }
        }
    }
}
