// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.learn;

import dev.jacobian.rl.objective.Quotient;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BiConsumer;
import java.util.function.BinaryOperator;

/**
 * Collects the metrics of an optimizer step as TRL does: the mean over its micro-batches of what each measures, except where a method
 * pools a step.
 *
 * <p>Decision: what has nothing to count in a step (rewards of rejected ones, in a step without any) is missing rather than 0.
 */
public final class Meter {
    private static final BinaryOperator<Quotient> LEAST = (a, b) -> a.sum() <= b.sum() ? a : b;
    private static final BinaryOperator<Quotient> MOST = (a, b) -> a.sum() >= b.sum() ? a : b;

    private final Map<String, Quotient> microBatch = new LinkedHashMap<>();
    private final Map<String, Quotient> step = new LinkedHashMap<>();
    private final Map<String, Double> absent = new LinkedHashMap<>();
    private final Map<String, List<String>> differences = new LinkedHashMap<>();

    /** Nothing measured yet. */
    public Meter() {}

    /** Adds to a quotient within the micro-batch: a sum over some tokens or examples, and their number. */
    public void add(String name, double sum, double count) {
        microBatch.merge(name, new Quotient(sum, count), Quotient::plus);
    }

    /** Adds a part of the micro-batch; of what is called {@code …_min} or {@code …_max} the smaller or larger one stays. */
    void addPart(String name, Quotient part) {
        microBatch.merge(name, part, name.endsWith("_min") ? LEAST : name.endsWith("_max") ? MOST : Quotient::plus);
    }

    /** Adds to the micro-batch unless a part of it has said it already. */
    void addMissing(String name, Quotient whole) {
        microBatch.putIfAbsent(name, whole);
    }

    /** Measures the micro-batch. */
    public void value(String name, double value) {
        add(name, value, 1);
    }

    /** Adds to a quotient over the whole step. */
    public void pooled(String name, double sum, double count) {
        if (count > 0) {
            step.merge(name, new Quotient(sum, count), Quotient::plus);
        }
    }

    /** The smallest of the step. */
    public void least(String name, double value) {
        step.merge(name, new Quotient(value, 1), LEAST);
    }

    /** The largest of the step. */
    public void most(String name, double value) {
        step.merge(name, new Quotient(value, 1), MOST);
    }

    /** What a metric of the step is where nothing was measured. */
    public void otherwise(String name, double value) {
        absent.put(name, value);
    }

    /** Ends the micro-batch: each of its quotients is one value of the step's mean. */
    public void endMicroBatch() {
        microBatch.forEach((name, whole) -> {
            if (whole.count() > 0) {
                pooled(name, whole.sum() / whole.count(), 1);
            }
        });
        microBatch.clear();
    }

    /** The difference of two metrics of the step, if both are there in the end. */
    public void difference(String name, String of, String less) {
        differences.put(name, List.of(of, less));
    }

    /** The metrics of the step. */
    public void forEach(BiConsumer<String, Double> metric) {
        step.forEach((name, all) -> metric.accept(name, all.sum() / all.count()));
        absent.forEach((name, value) -> {
            if (!step.containsKey(name)) {
                metric.accept(name, value);
            }
        });
        differences.forEach((name, of) -> {
            Quotient first = step.get(of.getFirst());
            Quotient second = step.get(of.getLast());
            if (first != null && second != null) {
                metric.accept(name, first.sum() / first.count() - second.sum() / second.count());
            }
        });
    }
}
