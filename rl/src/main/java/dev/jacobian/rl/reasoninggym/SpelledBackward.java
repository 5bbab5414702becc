// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.reasoninggym;

import dev.jacobian.rl.reward.Columns;
import java.util.Locale;

/**
 * spell_backward: a share for each letter at its place, in large or small letters. The shares are added up one by one, as
 * reasoning-gym does, and a sum of exactly 1 with more letters behind it loses 0.2; where rounding makes the sum another
 * number, it does not.
 */
record SpelledBackward() implements GymScorer {
    @Override
    public double score(Columns row, String answer) {
        String expected = Row.answer(row).toLowerCase(Locale.ROOT);
        String given = answer.toLowerCase(Locale.ROOT);
        if (given.equals(expected)) {
            return 1;
        }
        double sum = 0;
        for (int i = 0; i < Math.min(expected.length(), given.length()); i++) {
            sum += given.charAt(i) == expected.charAt(i) ? 1.0 / expected.length() : 0;
        }
        return sum == 1 ? sum - 0.2 : sum;
    }

    @Override
    public boolean isRight(Columns row, String answer) {
        return answer.strip().equalsIgnoreCase(Row.answer(row));
    }
}
