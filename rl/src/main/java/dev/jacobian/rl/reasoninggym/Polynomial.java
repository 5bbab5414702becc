// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.reasoninggym;

import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * A polynomial in named variables with exact coefficients; those that are 0 are left out, so equal ones are equal.
 *
 * @param terms the coefficient of each product of powers; the empty product is the constant's
 */
record Polynomial(Map<Map<String, Integer>, Fraction> terms) {
    /** More terms than this are refused, as are longer coefficients and higher powers: a text must not take time. */
    private static final int MAX_TERMS = 400;

    private static final int MAX_BITS = 2000;
    private static final int MAX_POWER = 200;

    /** Copies what is not 0. */
    Polynomial {
        Map<Map<String, Integer>, Fraction> kept = new HashMap<>();
        terms.forEach((powers, factor) -> {
            if (!factor.isZero()) {
                kept.put(Map.copyOf(powers), factor);
            }
        });
        terms = Map.copyOf(kept);
        if (terms.size() > MAX_TERMS
                || terms.values().stream().anyMatch(factor -> factor.bits() > MAX_BITS)
                || terms.keySet().stream()
                        .anyMatch(powers -> powers.values().stream().anyMatch(power -> power > MAX_POWER))) {
            throw new ArithmeticException("a polynomial beyond the limits");
        }
    }

    /** Reads {@code 3*x**2/7 - (x + 1)*y}; empty if a text is no polynomial, or one beyond the limits. */
    static Optional<Polynomial> parse(String text) {
        return PolynomialParser.parse(text);
    }

    static Polynomial of(Fraction constant) {
        return new Polynomial(Map.of(Map.of(), constant));
    }

    static Polynomial variable(String name) {
        return new Polynomial(Map.of(Map.of(name, 1), Fraction.of(1)));
    }

    /** Its value, if it has no variables. */
    Optional<Fraction> constant() {
        return terms.isEmpty()
                ? Optional.of(Fraction.of(0))
                : terms.size() == 1 ? Optional.ofNullable(terms.get(Map.<String, Integer>of())) : Optional.empty();
    }

    Polynomial plus(Polynomial other) {
        Map<Map<String, Integer>, Fraction> sum = new HashMap<>(terms);
        other.terms.forEach((powers, factor) -> sum.merge(powers, factor, Fraction::plus));
        return new Polynomial(sum);
    }

    Polynomial times(Polynomial other) {
        Map<Map<String, Integer>, Fraction> product = new HashMap<>();
        terms.forEach((powers, factor) -> other.terms.forEach((otherPowers, otherFactor) -> {
            Map<String, Integer> both = new TreeMap<>(powers);
            otherPowers.forEach((name, power) -> both.merge(name, power, Integer::sum));
            product.merge(both, factor.times(otherFactor), Fraction::plus);
        }));
        return new Polynomial(product);
    }

    Polynomial negated() {
        return times(of(Fraction.of(-1)));
    }

    /** With respect to a variable; all others are constants. */
    Polynomial derivative(String variable) {
        Map<Map<String, Integer>, Fraction> derivative = new HashMap<>();
        terms.forEach((powers, factor) -> {
            int power = powers.getOrDefault(variable, 0);
            if (power > 0) {
                Map<String, Integer> lower = new TreeMap<>(powers);
                lower.remove(variable);
                if (power > 1) {
                    lower.put(variable, power - 1);
                }
                derivative.merge(lower, factor.times(Fraction.of(power)), Fraction::plus);
            }
        });
        return new Polynomial(derivative);
    }
}
