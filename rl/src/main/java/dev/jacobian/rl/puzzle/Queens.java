// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.puzzle;

import dev.jacobian.rl.reward.Columns;
import dev.jacobian.tensor.Rng;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/**
 * Queens on a board, some of which stand already. The answer is the column of each row's queen. Boards begin with 8 rows, the
 * first size that has questions enough.
 */
record Queens() implements Puzzle {
    @Override
    public About about() {
        return new About(
                "queens",
                PuzzleFamily.GAMES,
                "complete a board of queens that do not attack each other; difficulty adds a row and a column",
                Levels.upTo(5));
    }

    @Override
    public Question ask(Rng rng, int difficulty) {
        int size = 7 + difficulty;
        int[] columns = new int[size];
        place(rng, columns, 0);
        List<Integer> given = Draws.permutation(rng, size).subList(0, Draws.between(rng, 3, 5));
        List<Integer> fixed = new ArrayList<>(); // the column of each row's queen, 0 where there is none yet
        StringBuilder board = new StringBuilder();
        for (int row = 0; row < size; row++) {
            boolean stands = given.contains(row);
            fixed.add(stands ? columns[row] + 1 : 0);
            for (int column = 0; column < size; column++) {
                board.append(stands && columns[row] == column ? 'Q' : '.');
            }
            board.append('\n');
        }
        return new Question(
                "Some of " + size + " queens (Q) stand on this board:\n" + board
                        + "Place the others, one in each row, so"
                        + " that no two share a column or a diagonal. Write the column, 1 to " + size
                        + ", of the queen of each row from top to bottom, separated by blanks.",
                Words.join(Arrays.stream(columns).mapToObj(column -> column + 1).toList()),
                Map.of("columns", fixed));
    }

    @Override
    public boolean solves(Columns question, String answer) {
        List<Long> fixed = question.integers("columns");
        List<Long> columns = Words.integers(answer).orElse(List.of());
        if (columns.size() != fixed.size()) {
            return false;
        }
        for (int row = 0; row < columns.size(); row++) {
            long column = columns.get(row);
            if (column < 1 || column > columns.size() || fixed.get(row) > 0 && fixed.get(row) != column) {
                return false;
            }
            for (int above = 0; above < row; above++) {
                long distance = Math.abs(columns.get(above) - column);
                if (distance == 0 || distance == row - above) {
                    return false;
                }
            }
        }
        return true;
    }

    private static boolean place(Rng rng, int[] columns, int row) {
        if (row == columns.length) {
            return true;
        }
        for (int column : Draws.permutation(rng, columns.length)) {
            boolean free = true;
            for (int above = 0; above < row && free; above++) {
                int distance = Math.abs(columns[above] - column);
                free = distance != 0 && distance != row - above;
            }
            columns[row] = column;
            if (free && place(rng, columns, row + 1)) {
                return true;
            }
        }
        return false;
    }
}
