// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.jmh.harness;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import org.openjdk.jmh.runner.RunnerException;

/**
 * Measures a suite.
 *
 * <p>Decisions: every side runs in a process of its own, and the sides of a case run right after each other, in an order that
 * turns with the round, so that a noisy neighbour or a hot processor hits all of them. A score is the median of the rounds.
 * Rooflines are measured once a round and the largest counts, since a peak is what the machine can do at best.
 */
public final class Rounds {
    private final Suite suite;
    private final List<String> cases;
    private final int threads;
    private final Effort effort;
    private final boolean withPeers;
    private final Consumer<String> progress;
    private final Map<String, Map<Side, List<Sample>>> samples = new LinkedHashMap<>(); // by case
    private final Map<Roofline, Double> peaks = new EnumMap<>(Roofline.class);

    public Rounds(
            Suite suite, List<String> cases, int threads, Effort effort, boolean withPeers, Consumer<String> progress) {
        this.suite = suite;
        this.cases = cases;
        this.threads = threads;
        this.effort = effort;
        this.withPeers = withPeers;
        this.progress = progress;
    }

    /**
     * Runs all rounds.
     *
     * @throws RunnerException if a benchmark fails
     * @throws IOException if a program fails
     */
    public List<Row> run() throws RunnerException, IOException, InterruptedException {
        for (int round = 0; round < effort.rounds(); round++) {
            measureRooflines();
            for (String label : cases) {
                progress.accept("round " + (round + 1) + " of " + effort.rounds() + ": " + label);
                for (Side side : turn(label, round)) {
                    samples.computeIfAbsent(label, key -> new LinkedHashMap<>())
                            .computeIfAbsent(side, key -> new ArrayList<>())
                            .add(measure(side, label));
                }
            }
        }
        return cases.stream().map(this::row).toList();
    }

    private void measureRooflines() throws RunnerException {
        for (String label : cases) {
            Optional<Roofline.Demand> demand = suite.demand().apply(label);
            if (demand.isPresent() && !peaks.containsKey(demand.get().kind())) {
                peaks.put(demand.get().kind(), 0.0);
            }
        }
        for (Map.Entry<Roofline, Double> peak : peaks.entrySet()) {
            progress.accept(peak.getKey().text());
            peak.setValue(Math.max(peak.getValue(), Fork.measure(peak.getKey(), threads)));
        }
    }

    private List<Side> turn(String label, int round) {
        List<Side> sides = new ArrayList<>();
        for (Side side : suite.sides()) {
            boolean wanted = switch (side.role()) {
                case OURS -> true;
                case PEER -> withPeers && side.does(label);
                case BASELINE -> round == 0 && side.does(label);
            };
            if (wanted) {
                sides.add(side);
            }
        }
        Collections.rotate(sides, round);
        return sides;
    }

    private Sample measure(Side side, String label) throws RunnerException, IOException, InterruptedException {
        return switch (side) {
            case Side.Jmh jmh -> Fork.measure(jmh, suite, label, threads, effort);
            case Side.Program program -> program.program().measure(label, threads, effort);
        };
    }

    private Row row(String label) {
        Map<Side, List<Sample>> of = Objects.requireNonNull(samples.get(label));
        List<Sample> own = Objects.requireNonNull(of.get(suite.ours()));
        double work = suite.work().applyAsDouble(label);
        List<Row.Score> peers = new ArrayList<>();
        List<Row.Score> baselines = new ArrayList<>();
        Map<String, Side> byName = new LinkedHashMap<>();
        of.forEach((side, taken) -> {
            byName.put(side.name(), side);
            switch (side.role()) {
                case OURS -> {}
                case PEER -> peers.add(score(side, taken, work));
                case BASELINE -> baselines.add(score(side, taken, work));
            }
        });
        Row.Score ours = score(suite.ours(), own, work);
        peers.sort(Comparator.comparingDouble(peer -> suite.unit().ratio(ours.median(), peer.median())));
        Optional<double[]> spread = peers.stream()
                .findFirst()
                .map(best -> ratioSpread(own, Objects.requireNonNull(of.get(byName.get(best.name())))));
        double seconds = Fork.median(own.stream().mapToDouble(Sample::seconds).toArray());
        Optional<Row.Limit> limit = suite.demand().apply(label).map(demand -> {
            double peak = Objects.requireNonNull(peaks.get(demand.kind()));
            return new Row.Limit(demand.kind(), peak, demand.kind().unit().score(seconds, demand.amount()) / peak);
        });
        return new Row(label, suite.unit(), ours, peers, baselines, spread, limit, threads, effort.rounds());
    }

    private Row.Score score(Side side, List<Sample> taken, double work) {
        double[] scores = taken.stream()
                .mapToDouble(sample -> suite.unit().score(sample.seconds(), work))
                .toArray();
        return new Row.Score(
                side.name(),
                Fork.median(scores),
                Arrays.stream(scores).min().orElseThrow(),
                Arrays.stream(scores).max().orElseThrow(),
                taken.stream().mapToLong(Sample::peakBytes).max().orElse(0));
    }

    /** Round by round, since the sides of a round ran under the same conditions. */
    private static double[] ratioSpread(List<Sample> ours, List<Sample> peer) {
        double[] ratios = IntStream.range(0, Math.min(ours.size(), peer.size()))
                .mapToDouble(
                        round -> peer.get(round).seconds() / ours.get(round).seconds())
                .sorted()
                .toArray();
        return new double[] {ratios[0], ratios[ratios.length - 1]};
    }
}
