// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.math.expression;

import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** A polynomial in atoms with rational coefficients, none of them zero. Every operation asks for its work before it does it. */
final class Polynomial {

    static final Polynomial ZERO = new Polynomial(Map.of());
    static final Polynomial ONE = of(Rational.ONE);

    private final Map<Monomial, Rational> terms;

    private Polynomial(Map<Monomial, Rational> terms) {
        this.terms = terms;
    }

    static Polynomial of(Rational value) {
        return value.signum() == 0 ? ZERO : new Polynomial(Map.of(Monomial.ONE, value));
    }

    static Polynomial of(Rational coefficient, Monomial monomial) {
        return new Polynomial(Map.of(monomial, coefficient));
    }

    static Polynomial atom(int atom) {
        return of(Rational.ONE, Monomial.of(atom, 1));
    }

    Map<Monomial, Rational> terms() {
        return terms;
    }

    boolean isZero() {
        return terms.isEmpty();
    }

    /** Its value, if there are no atoms in it. */
    Optional<Rational> constant() {
        if (terms.isEmpty()) {
            return Optional.of(Rational.ZERO);
        }
        return terms.size() == 1 ? Optional.ofNullable(terms.get(Monomial.ONE)) : Optional.empty();
    }

    Polynomial plus(Polynomial other, Work work) {
        if (other.isZero()) {
            return this;
        }
        work.spend(terms.size() + other.terms.size());
        Map<Monomial, Rational> sum = new HashMap<>(terms);
        other.terms.forEach((monomial, coefficient) -> add(sum, monomial, coefficient, work));
        return new Polynomial(sum);
    }

    Polynomial times(Rational factor, Work work) {
        if (factor.signum() == 0) {
            return ZERO;
        }
        Map<Monomial, Rational> scaled = new HashMap<>();
        terms.forEach((monomial, coefficient) -> {
            work.spend(cost(coefficient, factor));
            scaled.put(monomial, coefficient.times(factor));
        });
        return new Polynomial(scaled);
    }

    Polynomial times(Polynomial other, Atoms atoms, Work work) {
        work.spend(10L * terms.size() * other.terms.size());
        Map<Monomial, Rational> product = new HashMap<>();
        terms.forEach((left, a) -> other.terms.forEach((right, b) -> {
            work.spend(cost(a, b));
            addReduced(product, left.times(right), a.times(b), atoms, work);
        }));
        return new Polynomial(product);
    }

    /** To a power of at least 0. */
    Polynomial power(int exponent, Atoms atoms, Work work) {
        Polynomial result = ONE;
        Polynomial square = this;
        for (int rest = exponent; rest > 0; rest >>= 1) {
            if ((rest & 1) == 1) {
                result = result.times(square, atoms, work);
            }
            if (rest > 1) {
                square = square.times(square, atoms, work);
            }
        }
        return result;
    }

    /** Lowers powers of i, √2 and the like that are numbers. */
    private static void addReduced(
            Map<Monomial, Rational> sum, Monomial monomial, Rational coefficient, Atoms atoms, Work work) {
        Monomial reduced = monomial;
        Rational factor = coefficient;
        for (int k = 0; k < reduced.size(); k++) {
            Optional<Atoms.Reduction> reduction = atoms.reduction(reduced.atom(k));
            int exponent = reduced.exponent(k);
            if (reduction.isPresent() && exponent >= reduction.get().order()) {
                int times = exponent / reduction.get().order();
                work.spend(cost(reduction.get().value(), factor)
                        + (long) times * reduction.get().value().bits() / 8);
                factor = factor.times(reduction.get().value().power(times));
                boolean gone = exponent % reduction.get().order() == 0;
                reduced = reduced.with(k, exponent % reduction.get().order());
                k -= gone ? 1 : 0;
            }
        }
        add(sum, reduced, factor, work);
    }

    private static void add(Map<Monomial, Rational> sum, Monomial monomial, Rational coefficient, Work work) {
        Rational there = sum.get(monomial);
        if (there == null) {
            sum.put(monomial, coefficient);
            return;
        }
        work.spend(cost(there, coefficient));
        Rational total = there.plus(coefficient);
        if (total.signum() == 0) {
            sum.remove(monomial);
        } else {
            sum.put(monomial, total);
        }
    }

    /** Schoolbook products of 64-bit words, and the reduction to lowest terms. */
    private static long cost(Rational a, Rational b) {
        return 1 + ((long) a.bits() / 64 + 1) * (b.bits() / 64 + 1);
    }

    /** The same text for the same polynomial of one table of atoms: a key for what it is inside of. */
    String key() {
        StringBuilder key = new StringBuilder();
        new TreeMap<>(terms).forEach((monomial, coefficient) -> {
            key.append('+').append(coefficient);
            for (int k = 0; k < monomial.size(); k++) {
                key.append('a').append(monomial.atom(k)).append('^').append(monomial.exponent(k));
            }
        });
        return key.toString();
    }
}
