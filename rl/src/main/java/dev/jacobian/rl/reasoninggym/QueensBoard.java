// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.reasoninggym;

import dev.jacobian.rl.reward.Columns;
import java.util.List;

/** n_queens: reasoning-gym compares texts with its list of solutions; right is any board of queens that leave each other alone. */
record QueensBoard() implements GymScorer {
    @Override
    public double score(Columns row, String answer) {
        return Row.list(row, "valid_answers").contains(answer) ? 1 : 0;
    }

    @Override
    public boolean isRight(Columns row, String answer) {
        List<?> puzzle = Row.list(row, "puzzle");
        int size = puzzle.size();
        List<List<String>> board =
                Python.split(answer.strip(), "\n").stream().map(Python::words).toList();
        int[] queens = new int[size];
        for (int i = 0; i < size; i++) {
            List<String> cells = board.size() == size ? board.get(i) : List.of();
            if (cells.size() != size || cells.stream().anyMatch(cell -> !cell.equals("Q") && !cell.equals("_"))) {
                return false;
            }
            queens[i] = cells.indexOf("Q");
            boolean one = queens[i] >= 0 && queens[i] == cells.lastIndexOf("Q");
            int given = ((List<?>) puzzle.get(i)).indexOf("Q");
            if (!one || given >= 0 && given != queens[i]) {
                return false;
            }
            for (int above = 0; above < i; above++) {
                int distance = Math.abs(queens[above] - queens[i]);
                if (distance == 0 || distance == i - above) {
                    return false;
                }
            }
        }
        return true;
    }
}
