// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.puzzle;

import dev.jacobian.rl.reward.Columns;
import dev.jacobian.tensor.Rng;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** As many linear equations as unknowns, with one solution, in whole numbers. Whoever satisfies all equations is right. */
record LinearSystem() implements Puzzle {
    @Override
    public About about() {
        return new About(
                "linear-system",
                PuzzleFamily.ALGEBRA,
                "solve equations with several unknowns; difficulty adds an unknown",
                new Levels(1, 1, 5));
    }

    @Override
    public Question ask(Rng rng, int difficulty) {
        int unknowns = difficulty + 1;
        List<Integer> solution = new ArrayList<>();
        for (int i = 0; i < unknowns; i++) {
            solution.add(Draws.between(rng, -9, 9));
        }
        List<Integer> numbers; // a row is the factors of an equation and what they make
        do {
            numbers = equations(rng, solution);
        } while (determinant(numbers, unknowns) == 0);
        StringBuilder text = new StringBuilder("Solve these equations:\n");
        for (int row = 0; row < unknowns; row++) {
            text.append(equation(numbers.subList(row * (unknowns + 1), (row + 1) * (unknowns + 1))))
                    .append('\n');
        }
        text.append("Write the values of ").append(String.join(", ", UNKNOWNS.subList(0, unknowns)));
        text.append(" in this order, separated by blanks.");
        return new Question(text.toString(), Words.join(solution), Map.of("numbers", List.copyOf(numbers)));
    }

    @Override
    public boolean solves(Columns question, String answer) {
        List<Long> numbers = question.integers("numbers");
        List<Long> values = Words.integers(answer).orElse(List.of());
        int width = values.size() + 1;
        if (values.stream().anyMatch(value -> Math.abs(value) > 1_000_000) || numbers.size() != width * values.size()) {
            return false;
        }
        for (int row = 0; row < values.size(); row++) {
            long sum = 0;
            for (int i = 0; i < values.size(); i++) {
                sum += numbers.get(row * width + i) * values.get(i);
            }
            if (sum != numbers.get(row * width + values.size())) {
                return false;
            }
        }
        return true;
    }

    private static final List<String> UNKNOWNS = List.of("u", "v", "w", "x", "y", "z");

    private static List<Integer> equations(Rng rng, List<Integer> solution) {
        List<Integer> numbers = new ArrayList<>();
        for (int row = 0; row < solution.size(); row++) {
            int sum = 0;
            for (int value : solution) {
                int factor = Draws.nonZero(rng, 6);
                numbers.add(factor);
                sum += factor * value;
            }
            numbers.add(sum);
        }
        return numbers;
    }

    private static String equation(List<Integer> row) {
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < row.size() - 1; i++) {
            int factor = row.get(i);
            text.append(i == 0 ? factor < 0 ? "-" : "" : factor < 0 ? " - " : " + ");
            text.append(Math.abs(factor) == 1 ? "" : Math.abs(factor)).append(UNKNOWNS.get(i));
        }
        return text + " = " + row.getLast();
    }

    /** Without fractions (Bareiss): every division comes out even. */
    private static long determinant(List<Integer> numbers, int size) {
        long[][] m = new long[size][size];
        for (int i = 0; i < size * size; i++) {
            m[i / size][i % size] = numbers.get(i / size * (size + 1) + i % size);
        }
        long before = 1;
        for (int k = 0; k < size - 1; k++) {
            int pivot = k;
            while (pivot < size && m[pivot][k] == 0) {
                pivot++;
            }
            if (pivot == size) {
                return 0;
            }
            long[] row = m[pivot];
            m[pivot] = m[k];
            m[k] = row;
            for (int i = k + 1; i < size; i++) {
                for (int j = k + 1; j < size; j++) {
                    m[i][j] = (m[i][j] * m[k][k] - m[i][k] * m[k][j]) / before;
                }
            }
            before = m[k][k];
        }
        return m[size - 1][size - 1];
    }
}
