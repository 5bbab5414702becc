// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.metric;

/**
 * What BLEU counts in the place of an n-gram precision without a match, which would make the geometric mean 0 (Chen and Cherry 2014, under
 * their numbers and with NLTK's constants). {@code m} counts the precisions without a match up to this one.
 */
public enum Smoothing {
    /** Nothing: BLEU is 0. */
    NONE {
        @Override
        double matches(int m, int length) {
            return 0;
        }
    },
    /** 0.1 matches. */
    METHOD1 {
        @Override
        double matches(int m, int length) {
            return EPSILON;
        }
    },
    /** 1/2^m matches, as NIST's program does. */
    METHOD3 {
        @Override
        double matches(int m, int length) {
            return StrictMath.scalb(1.0, -m);
        }
    },
    /** The same, less for short texts, whose precisions are inflated: log(length) / (5 · 2^m). */
    METHOD4 {
        @Override
        double matches(int m, int length) {
            return length > 1 ? StrictMath.log(length) / (K * StrictMath.scalb(1.0, m)) : 0;
        }
    };

    private static final double EPSILON = 0.1;
    private static final double K = 5;

    /**
     * Matches to count.
     *
     * @param m from 1
     * @param length of the text in tokens
     */
    abstract double matches(int m, int length);
}
