// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.reasoninggym;

import dev.jacobian.rl.reward.Columns;
import java.math.BigDecimal;
import java.util.Optional;

/** decimal_arithmetic: reasoning-gym takes what is near, one ten thousandth of the value away; right is the value. */
record DecimalAnswer() implements GymScorer {
    private static final double TOLERANCE = 1e-4;

    @Override
    public double score(Columns row, String answer) {
        Optional<BigDecimal> value = Python.decimal(answer);
        double expected = new BigDecimal(Row.answer(row)).doubleValue();
        double given = value.map(BigDecimal::doubleValue).orElse(Double.NaN);
        return Math.abs(given - expected) <= TOLERANCE * Math.max(Math.abs(given), Math.abs(expected)) ? 1 : 0;
    }

    @Override
    public boolean isRight(Columns row, String answer) {
        return Python.decimal(answer)
                .filter(value -> value.compareTo(new BigDecimal(Row.answer(row))) == 0)
                .isPresent();
    }
}
