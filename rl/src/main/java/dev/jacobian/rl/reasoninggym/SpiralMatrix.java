// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.reasoninggym;

import dev.jacobian.rl.reward.Columns;
import java.util.List;
import java.util.Optional;

/** spiral_matrix: the numbers in order, one blank between two. */
record SpiralMatrix() implements GymScorer {
    @Override
    public double score(Columns row, String answer) {
        List<Optional<Long>> given = Python.split(answer.strip(), " ").stream()
                .map(part -> Python.integer(part)
                        .filter(value -> value.bitLength() < Long.SIZE)
                        .map(Number::longValue))
                .toList();
        List<Optional<Long>> expected = Row.metadata(row).integers("solution").stream()
                .map(Optional::of)
                .toList();
        return given.equals(expected) ? 1 : 0;
    }
}
