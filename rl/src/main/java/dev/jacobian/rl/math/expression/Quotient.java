// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.math.expression;

import java.util.Optional;

/** A quotient of polynomials. Equal ones are recognised by their difference, so common factors need not be found. */
final class Quotient {

    static final Quotient ZERO = new Quotient(Polynomial.ZERO, Polynomial.ONE);
    static final Quotient ONE = new Quotient(Polynomial.ONE, Polynomial.ONE);

    private final Polynomial numerator;
    private final Polynomial denominator;

    private Quotient(Polynomial numerator, Polynomial denominator) {
        this.numerator = numerator;
        this.denominator = denominator;
    }

    static Quotient of(Rational value) {
        return new Quotient(Polynomial.of(value), Polynomial.ONE);
    }

    static Quotient of(Polynomial polynomial) {
        return new Quotient(polynomial, Polynomial.ONE);
    }

    static Quotient atom(int atom) {
        return of(Polynomial.atom(atom));
    }

    /** Numbers move out of the denominator, so that a polynomial has the denominator 1. */
    private static Quotient reduced(Polynomial numerator, Polynomial denominator, Work work) {
        if (denominator.isZero()) {
            throw new MathProblem.Undefined("division by zero");
        }
        Optional<Rational> constant = denominator.constant();
        return constant.isEmpty()
                ? new Quotient(numerator, denominator)
                : new Quotient(numerator.times(Rational.ONE.over(constant.get()), work), Polynomial.ONE);
    }

    Polynomial numerator() {
        return numerator;
    }

    Polynomial denominator() {
        return denominator;
    }

    boolean isZero() {
        return numerator.isZero();
    }

    Optional<Rational> constant() {
        return denominator.constant().isPresent() ? numerator.constant() : Optional.empty();
    }

    Quotient plus(Quotient other, Atoms atoms, Work work) {
        if (denominator.terms().equals(other.denominator.terms())) {
            return reduced(numerator.plus(other.numerator, work), denominator, work);
        }
        Polynomial sum = numerator
                .times(other.denominator, atoms, work)
                .plus(other.numerator.times(denominator, atoms, work), work);
        return reduced(sum, denominator.times(other.denominator, atoms, work), work);
    }

    Quotient minus(Quotient other, Atoms atoms, Work work) {
        return plus(of(other.numerator.times(Rational.MINUS_ONE, work)).over(other.denominator, work), atoms, work);
    }

    private Quotient over(Polynomial divisor, Work work) {
        return reduced(numerator, divisor, work);
    }

    Quotient times(Quotient other, Atoms atoms, Work work) {
        return reduced(
                numerator.times(other.numerator, atoms, work), denominator.times(other.denominator, atoms, work), work);
    }

    Quotient inverse(Work work) {
        return reduced(denominator, numerator, work);
    }

    /** To any whole power. */
    Quotient power(int exponent, Atoms atoms, Work work) {
        if (exponent < 0) {
            return inverse(work).power(Math.negateExact(exponent), atoms, work);
        }
        return reduced(numerator.power(exponent, atoms, work), denominator.power(exponent, atoms, work), work);
    }

    String key() {
        return numerator.key() + "/" + denominator.key();
    }
}
