// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.reasoninggym;

import dev.jacobian.rl.reward.Columns;
import java.math.BigDecimal;
import java.util.Optional;

/** The usual rule, where a number is compared by its value, commas left out: 01,238.0 is 1238. */
record ContainedNumber() implements GymScorer {
    @Override
    public double score(Columns row, String answer) {
        return isRight(row, answer) ? 1 : Contained.ratio(bare(Row.answer(row)), bare(answer));
    }

    @Override
    public boolean isRight(Columns row, String answer) {
        Optional<BigDecimal> expected = Python.decimal(bare(Row.answer(row)));
        return Python.decimal(bare(answer))
                .filter(value -> expected.isPresent() && value.compareTo(expected.get()) == 0)
                .isPresent();
    }

    private static String bare(String text) {
        return text.replace(",", "");
    }
}
