// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.math.expression;

/**
 * How much may still be done for one answer.
 *
 * <p>Steps are counted, not timed: the same answer gets the same verdict on every machine, under any load. A step is about a token read or
 * a product of two 64-bit words, some tens of nanoseconds. Whoever is about to do something long asks first.
 */
public final class Work {

    /** What an answer may cost: far more than any honest one needs, a fraction of a second at worst. */
    public static final long LIMIT = 1_000_000;

    private long left;

    /** With so many steps. */
    public Work(long steps) {
        left = steps;
    }

    /** With {@link #LIMIT} steps. */
    public Work() {
        this(LIMIT);
    }

    /**
     * Asks for steps.
     *
     * @throws MathProblem.TooMuchWork if there are not that many
     */
    public void spend(long steps) {
        if (steps > left) {
            left = 0;
            throw new MathProblem.TooMuchWork("the answer takes too much work");
        }
        left -= steps;
    }

    /** What is left. */
    public long left() {
        return left;
    }
}
