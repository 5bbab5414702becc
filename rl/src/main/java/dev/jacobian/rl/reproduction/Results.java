// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.reproduction;

import dev.jacobian.rl.evaluation.Estimate;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;

/**
 * What all seeds of an experiment gave.
 *
 * <p>An interval is Student's, 95 % for the mean over seeds: mean ± t s/√n with n − 1 degrees of freedom, which takes seeds to scatter normally.
 * Why not the bootstrap: percentiles of 3 values reach from the smallest to the largest one, and the mean lies there three times in four, not
 * 95 times in 100. Of 3 seeds Student's interval is 2.5 deviations wide to either side, of 5 it is 1.24. Seeds that agree to the bit have an interval
 * of no width.
 *
 * @param seeds what each gave, in order
 */
public record Results(List<Measured> seeds) {
    /** Seeds below which nothing is concluded. */
    public static final int LEAST_SEEDS = 3;

    /** What {@link #interval} is, for reports. */
    public static final String INTERVAL = "95 %, Student's t over seeds";

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
        int n = values.length;
        double mean = Arrays.stream(values).sum() / n;
        double error = n < 2
                ? Double.NaN
                : Math.sqrt(Arrays.stream(values)
                                .map(value -> (value - mean) * (value - mean))
                                .sum()
                        / (n - 1)
                        / n);
        boolean enough = n >= LEAST_SEEDS && Double.isFinite(mean);
        double half = enough ? StudentQuantile.of(n - 1) * error : Double.NaN;
        return new Estimate(mean, error, mean - half, mean + half);
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
