// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.puzzle;

import dev.jacobian.rl.reward.Columns;
import dev.jacobian.tensor.Rng;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** The product of two square matrices of small whole numbers. */
record MatrixProduct() implements Puzzle {
    @Override
    public About about() {
        return new About(
                "matrix-product",
                PuzzleFamily.MATRICES,
                "multiply two square matrices; difficulty adds a row and a column",
                Levels.upTo(4));
    }

    @Override
    public Question ask(Rng rng, int difficulty) {
        int size = difficulty + 1;
        List<Integer> left = matrix(rng, size);
        List<Integer> right = matrix(rng, size);
        List<Integer> product = new ArrayList<>();
        for (int i = 0; i < size * size; i++) {
            int sum = 0;
            for (int k = 0; k < size; k++) {
                sum += left.get(i / size * size + k) * right.get(k * size + i % size);
            }
            product.add(sum);
        }
        return new Question(
                "Multiply the matrix\n" + rows(left, size) + "\nby the matrix\n" + rows(right, size)
                        + "\nWrite the rows of the product, one a line, numbers separated by blanks.",
                rows(product, size),
                Map.of("product", product));
    }

    @Override
    public boolean solves(Columns question, String answer) {
        return Words.integers(answer)
                .filter(question.integers("product")::equals)
                .isPresent();
    }

    private static List<Integer> matrix(Rng rng, int size) {
        List<Integer> numbers = new ArrayList<>();
        for (int i = 0; i < size * size; i++) {
            numbers.add(Draws.between(rng, -9, 9));
        }
        return numbers;
    }

    private static String rows(List<Integer> numbers, int size) {
        List<String> rows = new ArrayList<>();
        for (int i = 0; i < numbers.size(); i += size) {
            rows.add(Words.join(numbers.subList(i, i + size)));
        }
        return String.join("\n", rows);
    }
}
