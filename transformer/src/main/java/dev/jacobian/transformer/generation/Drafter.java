// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer.generation;

/** Guesses the next tokens of one sequence, cheaply. A guess may be wrong: it costs time and changes nothing. */
interface Drafter {
    /**
     * The likely next tokens of a sequence.
     *
     * @param most how many at most; fewer, or none, are fine
     */
    int[] draft(Sequence sequence, int most);

    /** The sequence has ended. */
    default void close() {}
}
