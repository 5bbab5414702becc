// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.learn;

import dev.jacobian.rl.objective.Quotient;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.BinaryOperator;

/** The metrics of an optimizer step as TRL has them: of each the mean over the micro-batches of its mean within a micro-batch. */
final class StepMeasures {
    private static final BinaryOperator<Quotient> LEAST = (a, b) -> a.sum() <= b.sum() ? a : b;
    private static final BinaryOperator<Quotient> MOST = (a, b) -> a.sum() >= b.sum() ? a : b;

    private final Map<String, Quotient> microBatch = new LinkedHashMap<>();
    private final Map<String, Quotient> step = new LinkedHashMap<>();

    /** Adds a part of the micro-batch; of what is called a minimum or maximum the smaller or larger one stays. */
    void add(String name, Quotient part) {
        microBatch.merge(name, part, name.endsWith("_min") ? LEAST : name.endsWith("_max") ? MOST : Quotient::plus);
    }

    /** Adds to the micro-batch unless a part of it has said it already. */
    void addMissing(String name, Quotient whole) {
        microBatch.putIfAbsent(name, whole);
    }

    /** Ends the micro-batch. What had nothing to count in it is left out of the mean. */
    void endMicroBatch() {
        microBatch.forEach((name, whole) -> {
            if (whole.count() > 0) {
                step.merge(name, new Quotient(whole.sum() / whole.count(), 1), Quotient::plus);
            }
        });
        microBatch.clear();
    }

    /** The means. */
    Map<String, Double> means() {
        Map<String, Double> means = new LinkedHashMap<>();
        step.forEach((name, all) -> means.put(name, all.sum() / all.count()));
        return means;
    }
}
