// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.reasoninggym;

import dev.jacobian.rl.reward.Columns;

/** bitwise_arithmetic: the same number in base 16, with or without 0x, in large or small letters. */
record Hexadecimal() implements GymScorer {
    @Override
    public double score(Columns row, String answer) {
        return Python.hexadecimal(answer)
                        .filter(value -> Python.hexadecimal(Row.answer(row))
                                .filter(value::equals)
                                .isPresent())
                        .isPresent()
                ? 1
                : 0;
    }
}
