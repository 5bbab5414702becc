// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.reasoninggym;

import dev.jacobian.rl.reward.Columns;
import java.util.Optional;

/**
 * polynomial_multiplication and simple_integration: an expression equal to the product, or one whose derivative is the
 * integrand; compared as polynomials with exact coefficients.
 *
 * @param integral whether the answer is an integral
 */
record PolynomialAnswer(boolean integral) implements GymScorer {
    /** A coefficient with a decimal point is another one to reasoning-gym, if its value is the same. */
    @Override
    public double score(Columns row, String answer) {
        boolean otherwise = !integral && answer.contains(".");
        return isRight(row, answer) && !otherwise ? 1 : 0;
    }

    @Override
    public boolean isRight(Columns row, String answer) {
        Columns metadata = Row.metadata(row);
        String question = metadata.string(integral ? "integrand" : "polynomial_expr");
        Polynomial expected = Polynomial.parse(question)
                .orElseThrow(() -> new IllegalArgumentException("not a polynomial: " + question));
        Optional<Polynomial> given = Polynomial.parse(answer.strip())
                .map(value -> integral ? value.derivative(metadata.string("variable")) : value);
        return given.filter(expected::equals).isPresent();
    }
}
