// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.puzzle;

import dev.jacobian.rl.reward.Columns;
import dev.jacobian.tensor.Rng;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/** A sudoku of 4 x 4, 6 x 6 or 9 x 9 cells. Every completion is right where there are several. */
record Sudoku() implements Puzzle {
    @Override
    public About about() {
        return new About(
                "sudoku",
                PuzzleFamily.GAMES,
                "fill in a sudoku of 4, 6 or 9 digits; difficulty adds digits and empty cells",
                new Levels(1, 1, 6));
    }

    @Override
    public Question ask(Rng rng, int difficulty) {
        int wide = difficulty < 3 ? 2 : 3;
        int high = difficulty < 5 ? 2 : 3;
        int size = wide * high;
        int[] grid = full(rng, wide, high);
        List<Integer> empty = Draws.permutation(rng, size * size).subList(0, EMPTY[difficulty - 1]);
        List<Integer> given = new ArrayList<>(); // 0 where a cell is empty
        for (int i = 0; i < grid.length; i++) {
            given.add(empty.contains(i) ? 0 : grid[i]);
        }
        return new Question(
                "Fill in the dots so that every row, every column and every box of " + wide + " columns and " + high
                        + " rows has each digit from 1 to " + size + " once. Write all rows, one a line.\n"
                        + rows(given, size),
                rows(Arrays.stream(grid).boxed().toList(), size),
                Map.of("cells", given, "wide", wide, "high", high));
    }

    @Override
    public boolean solves(Columns question, String answer) {
        List<Long> given = question.integers("cells");
        int wide = (int) question.integer("wide");
        int high = (int) question.integer("high");
        int size = wide * high;
        String digits = String.join("", Words.of(answer));
        int[] seen = new int[3 * size]; // the digits of each row, column and box, a bit each
        for (int i = 0; i < digits.length() && digits.length() == size * size; i++) {
            int digit = digits.charAt(i) - '0';
            int row = i / size;
            int column = i % size;
            if (digit < 1 || digit > size || given.get(i) > 0 && given.get(i) != digit) {
                return false;
            }
            seen[row] |= 1 << digit;
            seen[size + column] |= 1 << digit;
            seen[2 * size + row / high * high + column / wide] |= 1 << digit;
        }
        return Arrays.stream(seen).allMatch(bits -> Integer.bitCount(bits) == size);
    }

    private static final int[] EMPTY = {6, 10, 14, 22, 35, 50};

    /** A pattern that is a solution, with digits, and rows and columns within their boxes, in a random order. */
    private static int[] full(Rng rng, int wide, int high) {
        int size = wide * high;
        List<Integer> digits = Draws.permutation(rng, size);
        List<Integer> rows = order(rng, wide, high);
        List<Integer> columns = order(rng, high, wide);
        int[] grid = new int[size * size];
        for (int i = 0; i < grid.length; i++) {
            int row = rows.get(i / size);
            int column = columns.get(i % size);
            grid[i] = digits.get((row % high * wide + row / high + column) % size) + 1;
        }
        return grid;
    }

    /** Bands in a random order, and the lines of each in a random order. */
    private static List<Integer> order(Rng rng, int bands, int lines) {
        List<Integer> order = new ArrayList<>();
        for (int band : Draws.permutation(rng, bands)) {
            for (int line : Draws.permutation(rng, lines)) {
                order.add(band * lines + line);
            }
        }
        return order;
    }

    private static String rows(List<Integer> cells, int size) {
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < cells.size(); i++) {
            text.append(cells.get(i) == 0 ? "." : cells.get(i).toString()).append(i % size == size - 1 ? "\n" : " ");
        }
        return text.toString().stripTrailing();
    }
}
