// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.environment.game;

import dev.jacobian.rl.environment.Environment;
import dev.jacobian.rl.environment.EnvironmentLimits;
import dev.jacobian.rl.environment.Reply;
import dev.jacobian.rl.environment.Said;
import dev.jacobian.rl.environment.Session;
import dev.jacobian.rl.environment.Start;
import dev.jacobian.rl.reward.Columns;
import dev.jacobian.tensor.Rng;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;

/**
 * Tic-tac-toe against a fixed opponent: the policy has X and begins, and names a square from 1 to 9; O completes a line if it can, keeps
 * X from completing one if it must, and otherwise takes the first free square of an order that the problem's column {@code opponent}, a
 * seed, draws. It can be beaten by a fork.
 *
 * <p>A won game earns 1, a draw 0.5, a lost one 0. A turn that names no free square ends the game and costs 1.
 *
 * @param limits how far a game may go; five turns at most are played
 */
public record TicTacToe(EnvironmentLimits limits) implements Environment {
    private static final char POLICY = 'X';
    private static final char OPPONENT = 'O';

    /** What a turn earns that breaks the rules. */
    private static final double ILLEGAL = -1;

    private static final double DRAW = 0.5;

    @Override
    public String name() {
        return "tictactoe";
    }

    @Override
    public List<String> stops() {
        return List.of("\n");
    }

    /** The rules, as a prompt. */
    public String rules() {
        return "Tic-tac-toe. The squares are numbered 1 to 9, row by row. You are X and begin: name a square.";
    }

    @Override
    public void requireUsable(Columns columns) {
        columns.integer("opponent");
    }

    @Override
    public Session reset(Start start) {
        return new Game(order(start.columns().integer("opponent")), start.isConversation() ? "" : "\n");
    }

    /** The opponent's taste: all squares, in an order. */
    private static List<Integer> order(long seed) {
        Rng rng = new Rng(seed, 0);
        List<Integer> left = new ArrayList<>(List.of(1, 2, 3, 4, 5, 6, 7, 8, 9));
        List<Integer> order = new ArrayList<>();
        while (!left.isEmpty()) {
            order.add(left.remove(rng.nextInt(left.size())));
        }
        return order;
    }

    /** A game under way. */
    private static final class Game implements Session {
        private final List<Integer> order;
        private final String end;
        private Board board = Board.empty();

        Game(List<Integer> order, String end) {
            this.order = order;
            this.end = end;
        }

        @Override
        public Reply respond(Said said) {
            long square = LastNumber.in(said.text());
            if (!board.isFree(square)) {
                return Reply.done(ILLEGAL);
            }
            board = board.with((int) square, POLICY);
            if (board.hasWon(POLICY)) {
                return Reply.done(1);
            }
            if (board.free().isEmpty()) {
                return Reply.done(DRAW);
            }
            int answer = answer();
            board = board.with(answer, OPPONENT);
            if (board.hasWon(OPPONENT)) {
                return Reply.done(0);
            }
            return Reply.of(answer + "\n" + board + end, 0);
        }

        private int answer() {
            OptionalInt winning = board.completes(OPPONENT);
            OptionalInt needed = board.completes(POLICY);
            return winning.orElseGet(() -> needed.orElseGet(
                    () -> order.stream().filter(board::isFree).findFirst().orElseThrow()));
        }
    }
}
