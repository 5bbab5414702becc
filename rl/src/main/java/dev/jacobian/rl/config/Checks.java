// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.config;

/** What constructors of settings check; messages name keys as they are written, so that their origin can be told. */
public final class Checks {
    private Checks() {}

    /**
     * Refuses a value.
     *
     * @throws IllegalArgumentException with the message if the condition does not hold
     */
    public static void require(boolean condition, String message) {
        if (!condition) {
            throw new IllegalArgumentException(message);
        }
    }

    /** Refuses a number below {@code least}. */
    public static void requireAtLeast(String key, double least, double value) {
        require(value >= least, key + " must be at least " + number(least) + ", got " + number(value));
    }

    /** Refuses a number that is not above 0. */
    public static void requirePositive(String key, double value) {
        require(value > 0, key + " must be positive, got " + number(value));
    }

    private static String number(double value) {
        return value == Math.rint(value) && Math.abs(value) < 1e15
                ? String.valueOf((long) value)
                : String.valueOf(value);
    }
}
