// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.reasoninggym;

/** What a right, a nearly right and a wrong answer to a reasoning-gym row are worth. */
public enum GymScoring {
    /**
     * 1 for a right answer and 0 for any other. The usual choice for training: reasoning-gym's own scores pay for what is not
     * an answer (0.01 for text that cannot be read, half for the right number in a long sentence, 1 for 24 from other numbers
     * than the given ones), and a policy learns what is paid for.
     */
    RIGHT,
    /** The number that reasoning-gym's {@code score_answer} gives. */
    ORIGINAL
}
