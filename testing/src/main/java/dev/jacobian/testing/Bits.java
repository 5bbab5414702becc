// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.testing;

/** Comparisons of whole arrays: of their bits where bits are promised, and within a tolerance where an oracle has its own noise. */
public final class Bits {
    private Bits() {}

    /**
     * Fails unless both arrays hold the same bits.
     *
     * @param what what is compared, for the message
     */
    public static void assertBits(String what, float[] actual, float[] expected) {
        requireSameLength(what, actual.length, expected.length);
        for (int i = 0; i < actual.length; i++) {
            if (Float.floatToRawIntBits(actual[i]) != Float.floatToRawIntBits(expected[i])) {
                throw unequal(what, i, actual[i], expected[i]);
            }
        }
    }

    /** {@link #assertBits}, but all NaNs count as the same: which one an operation gives is no promise. */
    public static void assertBitsOrNaN(String what, float[] actual, float[] expected) {
        requireSameLength(what, actual.length, expected.length);
        for (int i = 0; i < actual.length; i++) {
            boolean same = Float.floatToRawIntBits(actual[i]) == Float.floatToRawIntBits(expected[i])
                    || Float.isNaN(actual[i]) && Float.isNaN(expected[i]);
            if (!same) {
                throw unequal(what, i, actual[i], expected[i]);
            }
        }
    }

    /**
     * Fails unless all elements differ by at most {@code tolerance}, in absolute terms.
     *
     * @param what what is compared, for the message
     */
    public static void assertClose(String what, float[] actual, float[] expected, double tolerance) {
        requireSameLength(what, actual.length, expected.length);
        for (int i = 0; i < actual.length; i++) {
            if (!(Math.abs((double) actual[i] - expected[i]) <= tolerance)) {
                throw new AssertionError(
                        what + "[" + i + "]: " + actual[i] + ", expected " + expected[i] + " within " + tolerance);
            }
        }
    }

    private static void requireSameLength(String what, int actual, int expected) {
        if (actual != expected) {
            throw new AssertionError(what + ": " + actual + " elements, expected " + expected);
        }
    }

    private static AssertionError unequal(String what, int index, float actual, float expected) {
        return new AssertionError(what + "[" + index + "]: " + actual + " (" + Float.toHexString(actual)
                + ") is not bit for bit " + expected + " (" + Float.toHexString(expected) + ")");
    }
}
