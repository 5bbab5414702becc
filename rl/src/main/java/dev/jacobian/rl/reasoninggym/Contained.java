// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.reasoninggym;

import dev.jacobian.rl.reward.Columns;

/**
 * reasoning-gym's usual rule: 1 for the stored answer, and for a text that contains it the share of the text that it is.
 * Blanks around it count.
 */
record Contained() implements GymScorer {
    @Override
    public double score(Columns row, String answer) {
        return ratio(Row.answer(row), answer);
    }

    /** Blanks around the answer are no mistake. */
    @Override
    public boolean isRight(Columns row, String answer) {
        return answer.strip().equals(Row.answer(row).strip());
    }

    static double ratio(String expected, String answer) {
        return answer.isEmpty() || !answer.contains(expected)
                ? 0
                : Python.length(expected) / (double) Python.length(answer);
    }
}
