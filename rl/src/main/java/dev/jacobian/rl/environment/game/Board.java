// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.environment.game;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalInt;

/** A board of tic-tac-toe: nine squares, from 1 in the upper left corner to 9, each free or with a player's mark. Never changed. */
final class Board {
    /** A square that nobody has. */
    static final char FREE = '.';

    private static final int[][] LINES = {
        {1, 2, 3}, {4, 5, 6}, {7, 8, 9}, {1, 4, 7}, {2, 5, 8}, {3, 6, 9}, {1, 5, 9}, {3, 5, 7}
    };

    private final char[] squares; // the first one stands for none

    private Board(char[] squares) {
        this.squares = squares;
    }

    /** An empty one. */
    static Board empty() {
        char[] squares = new char[10];
        Arrays.fill(squares, FREE);
        return new Board(squares);
    }

    boolean isFree(long square) {
        return square >= 1 && square <= 9 && squares[(int) square] == FREE;
    }

    /** The board with a player's mark more. */
    Board with(int square, char player) {
        char[] next = squares.clone();
        next[square] = player;
        return new Board(next);
    }

    List<Integer> free() {
        List<Integer> free = new ArrayList<>();
        for (int square = 1; square <= 9; square++) {
            if (squares[square] == FREE) {
                free.add(square);
            }
        }
        return free;
    }

    boolean hasWon(char player) {
        return Arrays.stream(LINES).anyMatch(line -> Arrays.stream(line).allMatch(square -> squares[square] == player));
    }

    /** A square with which a player completes a line. */
    OptionalInt completes(char player) {
        return free().stream()
                .mapToInt(Integer::intValue)
                .filter(square -> with(square, player).hasWon(player))
                .findFirst();
    }

    /** Three lines of three squares. */
    @Override
    public String toString() {
        return new String(squares, 1, 3) + "\n" + new String(squares, 4, 3) + "\n" + new String(squares, 7, 3);
    }
}
