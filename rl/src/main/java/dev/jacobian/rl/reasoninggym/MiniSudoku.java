// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.reasoninggym;

import dev.jacobian.rl.reward.Columns;
import java.util.Arrays;
import java.util.List;

/**
 * mini_sudoku: 1 for the stored grid to the letter; else nine tenths of the share of right cells, in lines that have four
 * digits, times the share of the text that the grid's length is. Any completion of the puzzle is right.
 */
record MiniSudoku() implements GymScorer {
    private static final int SIZE = 4;
    private static final double PARTIAL = 0.9;

    @Override
    public double score(Columns row, String answer) {
        String expected = Row.answer(row);
        if (answer.equals(expected)) {
            return 1;
        }
        List<String> wanted = Python.split(expected, "\n");
        List<String> lines = Python.split(answer, "\n");
        int right = 0;
        for (int i = 0; i < Math.min(SIZE, lines.size()); i++) {
            String given = digits(lines.get(i));
            String line = digits(wanted.get(i));
            for (int j = 0; j < SIZE && given.length() == SIZE; j++) {
                right += given.charAt(j) == line.charAt(j) ? 1 : 0;
            }
        }
        double length = answer.isEmpty() ? 0 : Math.min(1, Python.length(expected) / (double) Python.length(answer));
        return (double) right / (SIZE * SIZE) * length * PARTIAL;
    }

    @Override
    public boolean isRight(Columns row, String answer) {
        List<?> puzzle = Row.list(row, "puzzle");
        List<String> lines = Python.split(answer.strip(), "\n");
        int[] seen = new int[3 * SIZE];
        for (int i = 0; i < SIZE * SIZE; i++) {
            List<String> cells = lines.size() == SIZE ? Python.words(lines.get(i / SIZE)) : List.of();
            long given = ((Number) ((List<?>) puzzle.get(i / SIZE)).get(i % SIZE)).longValue();
            String cell = cells.size() == SIZE ? cells.get(i % SIZE) : "";
            if (cell.length() != 1
                    || cell.charAt(0) < '1'
                    || cell.charAt(0) > '4'
                    || given > 0 && given != cell.charAt(0) - '0') {
                return false;
            }
            int bit = 1 << cell.charAt(0) - '0';
            seen[i / SIZE] |= bit;
            seen[SIZE + i % SIZE] |= bit;
            seen[2 * SIZE + i / SIZE / 2 * 2 + i % SIZE / 2] |= bit;
        }
        return Arrays.stream(seen).allMatch(bits -> Integer.bitCount(bits) == SIZE);
    }

    private static String digits(String line) {
        StringBuilder digits = new StringBuilder();
        line.chars().filter(c -> c >= '0' && c <= '9').forEach(c -> digits.append((char) c));
        return digits.toString();
    }
}
