// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.arithmetic;

import java.math.BigInteger;

/**
 * An exact fraction in lowest terms with a positive denominator.
 *
 * <p>Numerator and denominator are kept within ±(2^63 - 1). Operations whose steps do not fit throw
 * {@link ArithmeticException} instead of growing: what a puzzle needs fits easily, and what does not fit came from a
 * model that multiplies large numbers.
 *
 * @param numerator not {@link Long#MIN_VALUE}
 * @param denominator positive
 */
public record Rational(long numerator, long denominator) implements Comparable<Rational> {

    /** 0. */
    public static final Rational ZERO = of(0);

    /**
     * Reduces to lowest terms and moves the sign into the numerator.
     *
     * @throws ArithmeticException if the denominator is 0 or a part is out of range
     */
    public Rational {
        if (denominator == 0) {
            throw new ArithmeticException("division by zero");
        }
        if (numerator == Long.MIN_VALUE || denominator == Long.MIN_VALUE) {
            throw new ArithmeticException("number out of range");
        }
        long divisor = gcd(Math.abs(numerator), Math.abs(denominator)) * (denominator < 0 ? -1 : 1);
        numerator /= divisor;
        denominator /= divisor;
    }

    /** A whole number. */
    public static Rational of(long value) {
        return new Rational(value, 1);
    }

    /** Whether this is a whole number. */
    public boolean isInteger() {
        return denominator == 1;
    }

    /** -1, 0 or 1. */
    public int signum() {
        return Long.signum(numerator);
    }

    /** this + other. */
    public Rational plus(Rational other) {
        long left = Math.multiplyExact(numerator, other.denominator);
        long right = Math.multiplyExact(other.numerator, denominator);
        return new Rational(Math.addExact(left, right), Math.multiplyExact(denominator, other.denominator));
    }

    /** this - other. */
    public Rational minus(Rational other) {
        return plus(other.negate());
    }

    /** this · other. */
    public Rational times(Rational other) {
        return new Rational(
                Math.multiplyExact(numerator, other.numerator), Math.multiplyExact(denominator, other.denominator));
    }

    /**
     * this / other.
     *
     * @throws ArithmeticException if other is 0
     */
    public Rational dividedBy(Rational other) {
        return new Rational(
                Math.multiplyExact(numerator, other.denominator), Math.multiplyExact(denominator, other.numerator));
    }

    /** -this. */
    public Rational negate() {
        return new Rational(-numerator, denominator);
    }

    @Override
    public int compareTo(Rational other) {
        return BigInteger.valueOf(numerator)
                .multiply(BigInteger.valueOf(other.denominator))
                .compareTo(BigInteger.valueOf(other.numerator).multiply(BigInteger.valueOf(denominator)));
    }

    /** {@code 7} or {@code 7/2}. */
    @Override
    public String toString() {
        return isInteger() ? Long.toString(numerator) : numerator + "/" + denominator;
    }

    private static long gcd(long a, long b) {
        while (b != 0) {
            long rest = a % b;
            a = b;
            b = rest;
        }
        return a;
    }
}
