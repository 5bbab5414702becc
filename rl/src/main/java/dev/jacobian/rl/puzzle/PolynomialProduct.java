// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.puzzle;

import dev.jacobian.rl.reward.Columns;
import dev.jacobian.tensor.Rng;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.LongStream;

/** The coefficients of a product of two polynomials, from the highest power to the constant. */
record PolynomialProduct() implements Puzzle {
    @Override
    public About about() {
        return new About(
                "polynomial-product",
                PuzzleFamily.ALGEBRA,
                "multiply two polynomials; difficulty is the degree of each",
                new Levels(1, 1, 5));
    }

    @Override
    public Question ask(Rng rng, int difficulty) {
        List<Integer> left = polynomial(rng, difficulty);
        List<Integer> right = polynomial(rng, difficulty);
        long[] product = new long[left.size() + right.size() - 1];
        for (int i = 0; i < left.size(); i++) {
            for (int j = 0; j < right.size(); j++) {
                product[i + j] += (long) left.get(i) * right.get(j);
            }
        }
        List<Long> coefficients = LongStream.of(product).boxed().toList();
        return new Question(
                "Multiply out: (" + written(left) + ")(" + written(right)
                        + "). Write the coefficients of the result from"
                        + " the highest power of x to the constant, separated by blanks, zeros too.",
                Words.join(coefficients),
                Map.of("coefficients", coefficients));
    }

    @Override
    public boolean solves(Columns question, String answer) {
        return Words.integers(answer)
                .filter(question.integers("coefficients")::equals)
                .isPresent();
    }

    private static List<Integer> polynomial(Rng rng, int degree) {
        List<Integer> coefficients = new ArrayList<>();
        for (int i = 0; i <= degree; i++) {
            coefficients.add(i == 0 ? Draws.nonZero(rng, 9) : Draws.between(rng, -9, 9));
        }
        return coefficients;
    }

    private static String written(List<Integer> coefficients) {
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < coefficients.size(); i++) {
            int power = coefficients.size() - 1 - i;
            int factor = coefficients.get(i);
            if (factor != 0) {
                text.append(text.isEmpty() ? factor < 0 ? "-" : "" : factor < 0 ? " - " : " + ");
                text.append(Math.abs(factor) == 1 && power > 0 ? "" : Math.abs(factor));
                text.append(power == 0 ? "" : power == 1 ? "x" : "x^" + power);
            }
        }
        return text.toString();
    }
}
