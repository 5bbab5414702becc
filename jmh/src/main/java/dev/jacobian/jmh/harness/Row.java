// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.jmh.harness;

import java.util.List;
import java.util.Optional;

/**
 * One case of a suite, measured.
 *
 * @param label the case
 * @param ours our score
 * @param peers the peers, best first; empty without peers
 * @param baselines the baselines
 * @param ratioSpread smallest and largest ratio to the best peer within a round
 * @param roofline what limits it, and how near it is
 * @param threads threads of every side
 * @param rounds rounds measured
 */
public record Row(
        String label,
        Unit unit,
        Score ours,
        List<Score> peers,
        List<Score> baselines,
        Optional<double[]> ratioSpread,
        Optional<Limit> roofline,
        int threads,
        int rounds) {

    /**
     * The score of a side.
     *
     * @param median of the rounds
     * @param peakBytes largest peak memory of its process, or 0
     */
    public record Score(String name, double median, double min, double max, long peakBytes) {}

    /**
     * A roofline.
     *
     * @param peak measured in this run, in the roofline's unit
     * @param share of it that our side reaches
     */
    public record Limit(Roofline kind, double peak, double share) {}

    /** The best peer. */
    public Optional<Score> best() {
        return peers.stream().findFirst();
    }

    /** Ours over the best peer's: above 1 is faster, whatever the unit. */
    public Optional<Double> ratio() {
        return best().map(peer -> unit.ratio(ours.median(), peer.median()));
    }

    /** How many times faster ours is than another side. */
    public double ratio(Score other) {
        return unit.ratio(ours.median(), other.median());
    }

    /** Geometric mean of the ratios of rows that have one. */
    public static Optional<Double> geometricMean(List<Row> rows) {
        List<Double> ratios = rows.stream().flatMap(row -> row.ratio().stream()).toList();
        return ratios.isEmpty()
                ? Optional.empty()
                : Optional.of(Math.exp(
                        ratios.stream().mapToDouble(Math::log).average().orElseThrow()));
    }
}
