// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.offline;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BiConsumer;

/**
 * Collects the metrics of an optimizer step as TRL does: the mean over its micro-batches of what each measures, except where a method
 * pools a step.
 *
 * <p>Decision: what has no example in a step (rewards of rejected ones, in a step without any) is missing rather than 0.
 */
public final class Meter {
    private record Ratio(double sum, double count) {}

    private final Map<String, Ratio> batch = new LinkedHashMap<>();
    private final Map<String, Ratio> step = new LinkedHashMap<>();
    private final Map<String, Double> absent = new LinkedHashMap<>();
    private final Map<String, List<String>> differences = new LinkedHashMap<>();

    Meter() {}

    /** Adds to a quotient within the micro-batch: a sum over some tokens or examples, and their number. */
    public void add(String name, double sum, double count) {
        batch.merge(name, new Ratio(sum, count), (a, b) -> new Ratio(a.sum + b.sum, a.count + b.count));
    }

    /** Measures the micro-batch. */
    public void value(String name, double value) {
        add(name, value, 1);
    }

    /** Adds to a quotient over the whole step. */
    public void pooled(String name, double sum, double count) {
        if (count > 0) {
            step.merge(name, new Ratio(sum, count), (a, b) -> new Ratio(a.sum + b.sum, a.count + b.count));
        }
    }

    /** The smallest of the step. */
    public void least(String name, double value) {
        step.merge(name, new Ratio(value, 1), (a, b) -> a.sum <= b.sum ? a : b);
    }

    /** The largest of the step. */
    public void most(String name, double value) {
        step.merge(name, new Ratio(value, 1), (a, b) -> a.sum >= b.sum ? a : b);
    }

    /** What a metric of the step is where nothing was measured. */
    public void otherwise(String name, double value) {
        absent.put(name, value);
    }

    void endMicroBatch() {
        batch.forEach((name, ratio) -> {
            if (ratio.count > 0) {
                pooled(name, ratio.sum / ratio.count, 1);
            }
        });
        batch.clear();
    }

    /** The difference of two metrics of the step, if both are there in the end. */
    public void difference(String name, String of, String less) {
        differences.put(name, List.of(of, less));
    }

    void forEach(BiConsumer<String, Double> metric) {
        step.forEach((name, ratio) -> metric.accept(name, ratio.sum / ratio.count));
        absent.forEach((name, value) -> {
            if (!step.containsKey(name)) {
                metric.accept(name, value);
            }
        });
        differences.forEach((name, of) -> {
            Ratio first = step.get(of.getFirst());
            Ratio second = step.get(of.getLast());
            if (first != null && second != null) {
                metric.accept(name, first.sum / first.count - second.sum / second.count);
            }
        });
    }
}
