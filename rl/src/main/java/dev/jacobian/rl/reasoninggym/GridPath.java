// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.reasoninggym;

import dev.jacobian.rl.reward.Columns;
import java.util.List;
import java.util.Map;

/** shortest_path: 1 for a shortest way, 0.5 for a longer one that arrives. */
record GridPath() implements GymScorer {
    private static final Map<String, int[]> STEPS = Map.of(
            "up", new int[] {-1, 0}, "down", new int[] {1, 0}, "left", new int[] {0, -1}, "right", new int[] {0, 1});

    @Override
    public double score(Columns row, String answer) {
        String expected = Row.answer(row).strip();
        String given = answer.strip();
        if (given.equals(expected)) {
            return 1;
        }
        if (expected.equals("infeasible")) {
            return 0;
        }
        List<String> way = Python.words(given);
        return !arrives(Row.list(row, "matrix"), way)
                ? 0
                : way.size() <= Python.words(expected).size() ? 1 : 0.5;
    }

    private static boolean arrives(List<?> matrix, List<String> way) {
        int row = 0;
        int column = -1;
        for (int i = 0; i < matrix.size() && column < 0; i++) {
            row = i;
            column = ((List<?>) matrix.get(i)).indexOf("*");
        }
        for (String step : way) {
            int[] move = STEPS.get(step);
            if (move == null) {
                return false;
            }
            row += move[0];
            column += move[1];
            if (cell(matrix, row, column).equals("X")) {
                return false;
            }
        }
        return cell(matrix, row, column).equals("#");
    }

    private static Object cell(List<?> matrix, int row, int column) {
        List<?> line = row >= 0 && row < matrix.size() ? (List<?>) matrix.get(row) : List.of();
        return column >= 0 && column < line.size() ? line.get(column) : "X";
    }
}
