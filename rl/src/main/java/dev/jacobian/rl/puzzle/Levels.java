// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.puzzle;

/**
 * How hard a task can be made, in whole steps.
 *
 * @param lowest the easiest, at least 1
 * @param usual what is taken when nobody says
 * @param highest the hardest
 */
public record Levels(int lowest, int usual, int highest) {
    /** A task that is as hard as it is. */
    public static final Levels ONE = new Levels(1, 1, 1);

    /** Checks the order. */
    public Levels {
        if (lowest < 1 || usual < lowest || highest < usual) {
            throw new IllegalArgumentException(
                    "levels must rise from 1 on, got " + lowest + ", " + usual + ", " + highest);
        }
    }

    /** From 1, the usual one, to the highest. */
    public static Levels upTo(int highest) {
        return new Levels(1, 1, highest);
    }

    /** The difficulty, if it is one of these. */
    public int require(int difficulty, String task) {
        if (difficulty < lowest || difficulty > highest) {
            throw new IllegalArgumentException("task '" + task + "' has "
                    + (lowest == highest ? "the one difficulty " + lowest : "difficulties " + this) + ", got "
                    + difficulty);
        }
        return difficulty;
    }

    /** {@code 1 to 6}. */
    @Override
    public String toString() {
        return lowest == highest ? Integer.toString(lowest) : lowest + " to " + highest;
    }
}
