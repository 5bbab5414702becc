// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.reasoninggym;

import dev.jacobian.rl.reward.Columns;

/** How answers to the rows of one reasoning-gym task are judged. */
interface GymScorer {

    /**
     * The score that reasoning-gym's {@code score_answer} gives.
     *
     * @param row the row's columns
     * @param answer what was answered; where reasoning-gym would raise an exception because of it the score is 0
     */
    double score(Columns row, String answer);

    /** Whether the answer is right, which is not always where reasoning-gym gives 1, nor nowhere else. */
    default boolean isRight(Columns row, String answer) {
        return score(row, answer) == 1;
    }

    /** The score where there is no answer. */
    default double scoreOfNone() {
        return 0;
    }
}
