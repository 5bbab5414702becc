// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.reasoninggym;

import dev.jacobian.rl.reward.Columns;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * polynomial_equations: the real solutions, separated by commas. Each is paired with the nearest right one that is left; a
 * pair earns e to the power of minus ten times its distance. The score is the mean of the pairs less a half for each solution
 * that is missing or too many. What is no number is passed over.
 */
record EquationRoots() implements GymScorer {
    private static final double STEEPNESS = -10;
    private static final double PENALTY = 0.5;
    private static final int MAX_ROOTS = 100;

    @Override
    public double score(Columns row, String answer) {
        List<Double> left = new ArrayList<>(roots(Row.answer(row)));
        List<Double> given = roots(answer);
        int pairs = Math.min(left.size(), given.size());
        int unpaired = Math.max(left.size(), given.size()) - pairs;
        if (pairs == 0 || given.size() > MAX_ROOTS) {
            return unpaired == 0 ? 1 : 0;
        }
        double sum = 0;
        for (double root : given) {
            Optional<Double> nearest =
                    left.stream().min((a, b) -> Double.compare(Math.abs(a - root), Math.abs(b - root)));
            sum += nearest.map(right -> Math.exp(STEEPNESS * Math.abs(right - root)))
                    .orElse(0.0);
            nearest.ifPresent(left::remove);
        }
        return Math.max(0, sum / pairs - PENALTY * unpaired);
    }

    /** The solutions to the four decimals that the question asks for, each once. */
    @Override
    public boolean isRight(Columns row, String answer) {
        List<Double> expected = roots(Row.answer(row)).stream().sorted().toList();
        boolean numbers = answer.isBlank()
                || Python.split(answer, ",").stream()
                        .allMatch(part -> Python.decimal(part).isPresent());
        List<Double> given = roots(answer).stream().sorted().toList();
        boolean right = numbers && given.size() == expected.size();
        for (int i = 0; i < given.size() && right; i++) {
            right = Math.abs(given.get(i) - expected.get(i)) < 1.01e-4;
        }
        return right;
    }

    private static List<Double> roots(String text) {
        return Python.split(text, ",").stream()
                .map(Python::decimal)
                .flatMap(Optional::stream)
                .map(BigDecimal::doubleValue)
                .toList();
    }
}
