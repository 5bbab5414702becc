// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.reasoninggym;

import dev.jacobian.rl.reward.Columns;
import java.math.BigDecimal;
import java.util.Optional;

/** decimal_arithmetic: reasoning-gym takes what is as near as the problem's numbers are exact; right is the value. */
record DecimalAnswer() implements GymScorer {
    @Override
    public double score(Columns row, String answer) {
        double tolerance = Math.pow(10, (double) -Row.metadata(row).integer("decimal_places"));
        double expected = new BigDecimal(Row.answer(row)).doubleValue();
        Optional<BigDecimal> value = Python.decimal(answer);
        return value.isPresent() && Math.abs(value.get().doubleValue() - expected) <= tolerance ? 1 : 0;
    }

    @Override
    public boolean isRight(Columns row, String answer) {
        return Python.decimal(answer)
                .filter(value -> value.compareTo(new BigDecimal(Row.answer(row))) == 0)
                .isPresent();
    }
}
