// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.reasoninggym;

import dev.jacobian.rl.reward.Columns;
import java.math.BigInteger;
import java.util.List;
import java.util.Optional;

/**
 * calendar_arithmetic: a day of the week, a number of days, or yes and no. Another day of the week earns 0.1, one in other
 * letters 0.05; a wrong number e to the power of minus five times its relative error.
 */
record CalendarAnswer() implements GymScorer {
    private static final List<String> DAYS =
            List.of("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday");
    private static final double STEEPNESS = -5;

    @Override
    public double score(Columns row, String answer) {
        String expected = Row.answer(row).strip();
        String given = answer.strip();
        if (DAYS.contains(expected)) {
            boolean anyDay = DAYS.stream().anyMatch(given::equalsIgnoreCase);
            return given.equals(expected) ? 1 : DAYS.contains(given) ? 0.1 : anyDay ? 0.05 : 0;
        }
        Optional<BigInteger> number = Python.integer(expected);
        if (number.isEmpty()) {
            return given.equalsIgnoreCase(expected) ? 1 : 0;
        }
        double right = number.get().doubleValue();
        return Python.integer(given)
                .map(value -> Math.exp(STEEPNESS * Math.abs(value.doubleValue() - right) / Math.max(1, right)))
                .orElse(0.0);
    }
}
