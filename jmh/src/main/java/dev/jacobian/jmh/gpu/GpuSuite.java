// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.jmh.gpu;

import dev.jacobian.jmh.harness.Unit;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.ToDoubleFunction;

/**
 * Benchmarks of one subject on a GPU.
 *
 * @param name on the command line and in rows
 * @param description one line
 * @param unit of the scores
 * @param cases in the order in which they are measured
 * @param work operations or tokens of one call of a case
 * @param peer the Python script that measures the same cases with PyTorch, if there is one
 * @param note what a reader must know to judge the figures
 * @param measure measures all cases that are wanted
 */
public record GpuSuite(
        String name,
        String description,
        Unit unit,
        List<String> cases,
        ToDoubleFunction<String> work,
        Optional<String> peer,
        String note,
        Consumer<GpuRun> measure) {
    /**
     * Work of one of the cases.
     *
     * @throws IllegalArgumentException if it is none
     */
    public double workOf(String label) {
        if (!cases.contains(label)) {
            throw new IllegalArgumentException("the cases are fixed");
        }
        return work.applyAsDouble(label);
    }

    /** The cases that a text asks for: the one that it names, or else all that contain it. */
    public List<String> select(String text) {
        return cases.contains(text)
                ? List.of(text)
                : cases.stream().filter(label -> label.contains(text)).toList();
    }
}
