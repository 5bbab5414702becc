// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cluster.plan;

import java.util.ArrayList;
import java.util.List;
import java.util.SequencedMap;
import java.util.TreeMap;

/**
 * The same run with more and more workers.
 *
 * @param workers numbers of workers, ascending
 * @param lines predictions for these, by {@code max_staleness}
 */
public record Sweep(List<Integer> workers, SequencedMap<Integer, List<Prediction>> lines) {
    /** Of the best throughput, what the bend has. */
    public static final double NEARLY_ALL = 0.9;

    /** 1, 2, 5, 10, … and the last. */
    public static List<Integer> counts(int most) {
        LoopModel.require(
                most >= 1 && most <= LoopSettings.MOST_WORKERS,
                "workers must lie between 1 and " + LoopSettings.MOST_WORKERS + ", found " + most);
        List<Integer> counts = new ArrayList<>();
        for (long decade = 1; decade <= most; decade *= 10) {
            for (int step : new int[] {1, 2, 5}) {
                if (step * decade < most) {
                    counts.add(Math.toIntExact(step * decade));
                }
            }
        }
        counts.add(most);
        return counts;
    }

    /**
     * Simulates all.
     *
     * @param most workers
     * @param staleness values of {@code max_staleness}
     * @param steps of each simulation
     */
    public static Sweep of(LoopModel model, int most, List<Integer> staleness, int steps, long seed) {
        List<Integer> counts = counts(most);
        TreeMap<Integer, List<Prediction>> lines = new TreeMap<>();
        for (int value : staleness) {
            LoopModel stale = model.withMaxStaleness(value);
            lines.put(
                    value,
                    counts.stream()
                            .map(number -> LoopSimulation.run(stale.withWorkers(number), steps, seed))
                            .toList());
        }
        return new Sweep(counts, lines);
    }

    /**
     * Where a line bends: the fewest workers with {@value #NEARLY_ALL} of the best throughput on it.
     *
     * @param staleness one of the lines
     */
    public Prediction bend(int staleness) {
        List<Prediction> line = lines.getOrDefault(staleness, List.of());
        LoopModel.require(!line.isEmpty(), "no line for max_staleness " + staleness);
        double best =
                line.stream().mapToDouble(Prediction::samplesPerSecond).max().orElse(0);
        return line.stream()
                .filter(one -> one.samplesPerSecond() >= NEARLY_ALL * best)
                .findFirst()
                .orElse(line.getFirst());
    }
}
