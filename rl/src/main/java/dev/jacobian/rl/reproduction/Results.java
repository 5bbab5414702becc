// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.reproduction;

import dev.jacobian.rl.evaluation.Confidence;
import dev.jacobian.rl.evaluation.Estimate;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;

/**
 * What all seeds of an experiment gave.
 *
 * <p>An interval is that of the mean over seeds, 95 % by the bootstrap: percentiles over {@value #RESAMPLES} resamples, drawn from a fixed
 * key. Of 3 seeds it reaches from the smallest to the largest one, so a rule holds only if it holds for every seed. Of a few more it is
 * somewhat too narrow, as bootstrap intervals of few numbers are.
 *
 * @param seeds what each gave, in order
 */
public record Results(List<Measured> seeds) {
    /** Seeds below which nothing is concluded. */
    public static final int LEAST_SEEDS = 3;

    private static final int RESAMPLES = 10_000;
    private static final Confidence CONFIDENCE = new Confidence(0.95, Confidence.Method.BOOTSTRAP, RESAMPLES, 0);

    public Results {
        seeds = List.copyOf(seeds);
    }

    /** The names of all figures. */
    public Set<String> figures() {
        Set<String> names = new LinkedHashSet<>();
        seeds.forEach(seed -> names.addAll(seed.figures().keySet()));
        return names;
    }

    /** A figure of each seed; NaN where one lacks it. */
    public double[] values(String figure) {
        return seeds.stream()
                .mapToDouble(seed -> seed.figures().getOrDefault(figure, Double.NaN))
                .toArray();
    }

    /** A figure's mean over seeds; without an interval (NaN) of fewer than {@value #LEAST_SEEDS} or where one is not finite. */
    public Estimate interval(String figure) {
        double[] values = values(figure);
        Estimate estimate = CONFIDENCE.mean(values);
        boolean enough = values.length >= LEAST_SEEDS && Double.isFinite(estimate.value());
        return enough ? estimate : new Estimate(estimate.value(), estimate.standardError(), Double.NaN, Double.NaN);
    }

    /** All figures. */
    public Map<String, Estimate> intervals() {
        Map<String, Estimate> all = new LinkedHashMap<>();
        figures().forEach(name -> all.put(name, interval(name)));
        return all;
    }

    /** The names of all curves. */
    public Set<String> curves() {
        Set<String> names = new LinkedHashSet<>();
        seeds.forEach(seed -> names.addAll(seed.curves().keySet()));
        return names;
    }

    /** A curve's mean over seeds, at the places of the first of them, as far as all reach. */
    public Measured.Curve curve(String name) {
        List<Measured.Curve> all = seeds.stream()
                .filter(seed -> seed.curves().containsKey(name))
                .map(seed -> Objects.requireNonNull(seed.curves().get(name)))
                .toList();
        int points = all.stream().mapToInt(curve -> curve.x().length).min().orElse(0);
        double[] x = new double[points];
        double[] y = new double[points];
        for (int i = 0; i < points; i++) {
            for (Measured.Curve curve : all) {
                x[i] += curve.x()[i] / all.size();
                y[i] += curve.y()[i] / all.size();
            }
        }
        return new Measured.Curve(x, y);
    }
}
