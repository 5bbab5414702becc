// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.arithmetic;

import dev.jacobian.tensor.Nullable;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * Solves Countdown puzzles exactly: all numbers, each once, joined by {@code + - * /} to reach a target.
 *
 * <p>For every subset of the numbers it keeps each reachable value once, with its simplest expression, and combines
 * disjoint subsets. Differences are taken the larger minus the smaller: a solution with a negative step can always be
 * rewritten without one, so no non-negative target is lost.
 *
 * <p>The simplest expression is the one whose operators cost least ({@code +} and {@code -} 1, {@code *} 2, {@code /}
 * 3), then the one with fewer parentheses, then the first in a fixed order that begins with the largest numbers. The
 * order in which the numbers are given does not matter, so an instance has one canonical solution: good for teaching a
 * small model.
 *
 * @param fractions whether a step may give a fraction, as in {@code 8 / (3 - 8 / 3)}; if not, divisions must come out
 *     even
 */
public record CountdownSolver(boolean fractions) {
    /** The most numbers: with six a puzzle takes some tens of milliseconds, with seven it would take seconds. */
    public static final int MAX_NUMBERS = 6;

    /**
     * Each step at most doubles what the product of its numbers bounds, so up to here every fraction fits in a long.
     */
    private static final double MAX_PRODUCT = 0x1p57;

    /** A reachable value with its simplest expression so far. */
    private record Found(Rational value, Expression expression, int cost) {}

    /**
     * The canonical solution.
     *
     * @param numbers 1 to {@value #MAX_NUMBERS} positive numbers whose product is at most 2^57
     * @param target not negative
     * @return empty if there is none
     */
    public Optional<Expression> solve(List<Integer> numbers, long target) {
        return Optional.ofNullable(combineAll(numbers, Rational.of(target)).get(Rational.of(target)))
                .map(Found::expression);
    }

    /**
     * Every whole number that can be reached with all the numbers, in ascending order, with its canonical expression.
     *
     * @param numbers 1 to {@value #MAX_NUMBERS} positive numbers
     */
    public Map<Long, Expression> reachable(List<Integer> numbers) {
        Map<Long, Expression> reachable = new TreeMap<>();
        for (Found found : combineAll(numbers, null).values()) {
            if (found.value().isInteger()) {
                reachable.put(found.value().numerator(), found.expression());
            }
        }
        return reachable;
    }

    /** What the whole set reaches; if {@code only} is given, nothing else is kept of it. */
    private Map<Rational, Found> combineAll(List<Integer> numbers, @Nullable Rational only) {
        if (numbers.isEmpty()
                || numbers.size() > MAX_NUMBERS
                || numbers.stream().anyMatch(number -> number < 1)) {
            throw new IllegalArgumentException(
                    "a Countdown puzzle has 1 to " + MAX_NUMBERS + " positive numbers, got " + numbers);
        }
        if (numbers.stream().mapToDouble(Integer::doubleValue).reduce(1, (a, b) -> a * b) > MAX_PRODUCT) {
            throw new IllegalArgumentException("the numbers of a Countdown puzzle are too large together: " + numbers);
        }
        List<Integer> sorted =
                numbers.stream().sorted(Comparator.reverseOrder()).toList();
        int all = (1 << sorted.size()) - 1;
        List<Map<Rational, Found>> bySubset = new ArrayList<>();
        bySubset.add(Map.of());
        for (int subset = 1; subset <= all; subset++) {
            Map<Rational, Found> values = new LinkedHashMap<>();
            if (Integer.bitCount(subset) == 1) {
                int number = sorted.get(Integer.numberOfTrailingZeros(subset));
                Found literal = new Found(Rational.of(number), new Expression.Literal(number), 0);
                values.put(literal.value(), literal);
            }
            // Each split into two halves once: the first half has the subset's largest number, which is its lowest bit.
            int lowest = Integer.lowestOneBit(subset);
            for (int half = lowest; half != subset; half = (half - subset) & subset) {
                if ((half & lowest) != 0) {
                    for (Found a : bySubset.get(half).values()) {
                        for (Found b : bySubset.get(subset ^ half).values()) {
                            combine(a, b, subset == all ? only : null, values);
                        }
                    }
                }
            }
            bySubset.add(values);
        }
        return bySubset.get(all);
    }

    private void combine(Found a, Found b, @Nullable Rational only, Map<Rational, Found> values) {
        Found larger = a.value().compareTo(b.value()) >= 0 ? a : b;
        Found smaller = larger == a ? b : a;
        keep(larger, Operator.ADD, smaller, only, values);
        keep(larger, Operator.SUBTRACT, smaller, only, values);
        keep(larger, Operator.MULTIPLY, smaller, only, values);
        keep(larger, Operator.DIVIDE, smaller, only, values);
        if (fractions) {
            keep(smaller, Operator.DIVIDE, larger, only, values);
        }
    }

    private void keep(
            Found left, Operator operator, Found right, @Nullable Rational only, Map<Rational, Found> values) {
        if (operator == Operator.DIVIDE && right.value().signum() == 0) {
            return;
        }
        Rational value = operator.apply(left.value(), right.value());
        if ((only != null && !only.equals(value)) || (!fractions && !value.isInteger())) {
            return;
        }
        Expression.Binary expression = new Expression.Binary(left.expression(), operator, right.expression());
        int cost = left.cost() + right.cost() + price(operator) + expression.parentheses();
        Found known = values.get(value);
        if (known == null || cost < known.cost()) {
            values.put(value, new Found(value, expression, cost));
        }
    }

    /** In units of a pair of parentheses, of which there are fewer than ten. */
    private static int price(Operator operator) {
        return switch (operator) {
            case ADD, SUBTRACT -> 10;
            case MULTIPLY -> 20;
            case DIVIDE -> 30;
        };
    }
}
