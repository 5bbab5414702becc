// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.reasoninggym;

import java.math.BigInteger;

/**
 * An exact fraction of any size, in lowest terms with a positive denominator.
 *
 * @param numerator with the sign
 * @param denominator above 0
 */
record Fraction(BigInteger numerator, BigInteger denominator) {
    Fraction {
        BigInteger divisor = numerator.gcd(denominator);
        if (denominator.signum() < 0) {
            divisor = divisor.negate();
        }
        numerator = numerator.divide(divisor);
        denominator = denominator.divide(divisor);
    }

    static Fraction of(long value) {
        return new Fraction(BigInteger.valueOf(value), BigInteger.ONE);
    }

    boolean isZero() {
        return numerator.signum() == 0;
    }

    boolean isInteger() {
        return denominator.equals(BigInteger.ONE);
    }

    /** Towards 0. */
    BigInteger truncated() {
        return numerator.divide(denominator);
    }

    /** How many bits its larger part has. */
    int bits() {
        return Math.max(numerator.bitLength(), denominator.bitLength());
    }

    Fraction plus(Fraction other) {
        return new Fraction(
                numerator.multiply(other.denominator).add(other.numerator.multiply(denominator)),
                denominator.multiply(other.denominator));
    }

    Fraction times(Fraction other) {
        return new Fraction(numerator.multiply(other.numerator), denominator.multiply(other.denominator));
    }

    /** 1 over it; it must not be 0. */
    Fraction inverse() {
        return new Fraction(denominator, numerator);
    }
}
