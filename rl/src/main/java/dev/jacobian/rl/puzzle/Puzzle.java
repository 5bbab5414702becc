// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.puzzle;

import dev.jacobian.rl.reward.Columns;
import dev.jacobian.tensor.Rng;

/**
 * A kind of problem that a program can make without end and judge without doubt.
 *
 * <p>Decisions: a question is a pure function of the random numbers that it draws and of the difficulty. Every right answer
 * is right, not only the stored one: whoever finds another shortest path has found one. Judging is exact, quick and total:
 * what a model wrote is hostile, and no text makes it slow or makes it throw.
 *
 * <p>Difficulty is a whole number that changes something which can be measured: digits, vertices, disks, steps.
 */
public interface Puzzle {

    /** Its name, its kind, and how hard it can be made. */
    About about();

    /** A question of one of the levels. */
    Question ask(Rng rng, int difficulty);

    /**
     * Whether a text answers a question.
     *
     * @param question the {@link Question#data} and the {@code answer} of the question
     * @param answer what a model wrote, not longer than {@link PuzzleReward#MAX_LENGTH}, without blanks around it
     */
    boolean solves(Columns question, String answer);

    /** The name that a command line takes. */
    default String name() {
        return about().name();
    }
}
