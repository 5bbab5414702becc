// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.jmh;

import dev.jacobian.tensor.Backends;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.regex.Pattern;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.ChainedOptionsBuilder;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;
import org.openjdk.jmh.runner.options.VerboseMode;

/**
 * Runs a suite of benchmarks and prints each case beside its peers: {@code Bench SUITE [--peers] [--quick] [--json FILE]}.
 *
 * <p>Decisions: everything runs on one thread, peers too, and each in a JVM of its own. Ours and the peers take turns for
 * several rounds, so that a noisy neighbour or a hot processor hits both; the score is the best iteration of all rounds,
 * because other work on the machine can only slow a benchmark down. Scores are in GFLOP/s; a ratio above 1 means that ours
 * is faster. The roofline is the fused multiply-add throughput measured in the same run.
 */
public final class Bench {
    private static final String USAGE = """
        usage: Bench SUITE [--peers] [--quick] [--json FILE] [--case TEXT]...
          --peers      also measure the peers (build with the profile of that name; jmh/bench does)
          --quick      one round of short iterations
          --json FILE  write an array of {suite, case, unit, score, peer, peer_score, ratio}
          --case TEXT  only this case, such as 'NN 1024x1024x1024'
        suites:\
        """;

    private Bench() {}

    /** One measured comparison; without a peer the last three are empty. */
    record Row(String suite, String label, String unit, double score, Optional<String> peer, double peerScore) {
        double ratio() {
            return score / peerScore;
        }
    }

    private record Arguments(Suite suite, boolean peers, boolean quick, Optional<Path> json, List<String> cases) {}

    /** Exit code 0 done, 1 failed, 2 wrong usage. */
    public static void main(String[] args) throws IOException {
        Arguments arguments;
        try {
            arguments = parse(args);
        } catch (IllegalArgumentException wrong) {
            System.err.println(wrong.getMessage());
            System.err.println(usage());
            System.exit(2);
            return;
        }
        try {
            System.out.println(machine());
            List<Row> rows = measure(arguments);
            print(rows);
            if (arguments.json.isPresent()) {
                Files.writeString(arguments.json.get(), json(rows));
            }
        } catch (RunnerException failed) {
            System.err.println("the benchmark failed: " + failed.getMessage());
            System.exit(1);
        }
    }

    private static String usage() {
        StringBuilder text = new StringBuilder(USAGE);
        for (Suite suite : Suite.ALL) {
            text.append(String.format(Locale.ROOT, "%n  %-16s %s", suite.name(), suite.description()));
        }
        return text.toString();
    }

    private static Arguments parse(String[] args) {
        Suite suite = null;
        boolean peers = false;
        boolean quick = false;
        Optional<Path> json = Optional.empty();
        List<String> cases = new ArrayList<>();
        for (int i = 0; i < args.length; i++) {
            switch (args[i]) {
                case "--peers" -> peers = true;
                case "--quick" -> quick = true;
                case "--json", "--case" -> {
                    if (i + 1 == args.length) {
                        throw new IllegalArgumentException(args[i] + " needs a value");
                    }
                    String option = args[i++];
                    if (option.equals("--json")) {
                        json = Optional.of(Path.of(args[i]));
                    } else {
                        cases.add(args[i]);
                    }
                }
                default -> {
                    String name = args[i];
                    if (suite != null) {
                        throw new IllegalArgumentException("unexpected argument '" + name + "'");
                    }
                    suite = Suite.named(name)
                            .orElseThrow(() -> new IllegalArgumentException("unknown suite '" + name + "'"));
                }
            }
        }
        if (suite == null) {
            throw new IllegalArgumentException("which suite?");
        }
        return new Arguments(suite, peers, quick, json, cases);
    }

    private static String machine() {
        return "java " + Runtime.version() + " on " + System.getProperty("os.name") + " "
                + System.getProperty("os.arch") + ", " + processor() + ", backend "
                + Backends.cpu().name()
                + ", 1 thread";
    }

    private static String processor() {
        try (var lines = Files.lines(Path.of("/proc/cpuinfo"))) {
            return lines.filter(line -> line.startsWith("model name"))
                    .map(line -> line.substring(line.indexOf(':') + 1).strip())
                    .findFirst()
                    .orElse("unknown processor");
        } catch (IOException noSuchFile) {
            return "unknown processor";
        }
    }

    private static List<Row> measure(Arguments arguments) throws RunnerException {
        Suite suite = arguments.suite;
        Map<String, Map<String, Double>> best = new HashMap<>(); // benchmark, case, nanoseconds per call
        int rounds = arguments.quick ? 1 : 3;
        for (int round = 0; round < rounds; round++) {
            System.out.println("round " + (round + 1) + " of " + rounds);
            List<String> benchmarks = new ArrayList<>(List.of(suite.ours()));
            if (arguments.peers) {
                benchmarks.addAll(suite.peers().values());
            }
            run(benchmarks, arguments, arguments.quick ? 3 : 5, best);
            if (round == 0) {
                run(List.copyOf(suite.baselines().values()), arguments, 2, best);
            }
        }
        if (arguments.peers) {
            suite.peers().forEach((name, benchmark) -> {
                if (!best.containsKey(benchmark)) {
                    System.err.println(name + " was not measured: build with -Ppeers, as jmh/bench --peers does");
                }
            });
        }
        List<Row> rows = new ArrayList<>();
        Map<String, String> others = new TreeMap<>(suite.baselines());
        others.putAll(suite.peers());
        for (String label : new TreeMap<>(best.getOrDefault(suite.ours(), Map.of())).keySet()) {
            double score = suite.operations().applyAsDouble(label)
                    / best.get(suite.ours()).get(label);
            int before = rows.size();
            for (Map.Entry<String, String> other : others.entrySet()) {
                Map<String, Double> times = best.getOrDefault(other.getValue(), Map.of());
                // a benchmark without cases measures a rate of its own: the roofline
                Double time = times.getOrDefault(label, times.get(""));
                if (time != null) {
                    double operations = times.containsKey(label)
                            ? suite.operations().applyAsDouble(label)
                            : RooflineBenchmark.OPERATIONS;
                    rows.add(new Row(
                            suite.name(), label, "GFLOP/s", score, Optional.of(other.getKey()), operations / time));
                }
            }
            if (rows.size() == before) {
                rows.add(new Row(suite.name(), label, "GFLOP/s", score, Optional.empty(), Double.NaN));
            }
        }
        return rows;
    }

    private static void run(
            List<String> benchmarks, Arguments arguments, int iterations, Map<String, Map<String, Double>> best)
            throws RunnerException {
        ChainedOptionsBuilder options = new OptionsBuilder()
                .forks(1)
                .warmupIterations(arguments.quick ? 2 : 3)
                .warmupTime(TimeValue.milliseconds(500))
                .measurementIterations(iterations)
                .measurementTime(TimeValue.milliseconds(500))
                .jvmArgsAppend(
                        "-Djacobian.threads=1",
                        // JMH and JavaCPP use what Java 25 warns about
                        "--sun-misc-unsafe-memory-access=allow",
                        "--enable-native-access=ALL-UNNAMED")
                .verbosity(VerboseMode.SILENT)
                .shouldFailOnError(true);
        for (String benchmark : benchmarks) {
            options.include("^" + Pattern.quote(benchmark) + "$");
        }
        if (!arguments.cases.isEmpty()) {
            options.param(arguments.suite.parameter(), arguments.cases.toArray(String[]::new));
        }
        Collection<RunResult> results = new Runner(options.build()).run();
        for (RunResult result : results) {
            String benchmark = result.getParams().getBenchmark();
            String label = result.getParams().getParam(arguments.suite.parameter());
            double time = result.getPrimaryResult().getStatistics().getMin();
            best.computeIfAbsent(benchmark, name -> new HashMap<>()).merge(label == null ? "" : label, time, Math::min);
        }
    }

    private static void print(List<Row> rows) {
        System.out.printf(Locale.ROOT, "%-28s %10s  %-14s %10s  %s%n", "case", "GFLOP/s", "peer", "GFLOP/s", "ratio");
        for (Row row : rows) {
            if (row.peer.isPresent()) {
                System.out.printf(
                        Locale.ROOT,
                        "%-28s %10.1f  %-14s %10.1f  %.3f%n",
                        row.label,
                        row.score,
                        row.peer.get(),
                        row.peerScore,
                        row.ratio());
            } else {
                System.out.printf(Locale.ROOT, "%-28s %10.1f%n", row.label, row.score);
            }
        }
    }

    private static String json(List<Row> rows) {
        List<String> objects = new ArrayList<>();
        for (Row row : rows) {
            String text = String.format(
                    Locale.ROOT,
                    "{\"suite\": \"%s\", \"case\": \"%s\", \"unit\": \"%s\", \"score\": %.3f",
                    row.suite,
                    row.label,
                    row.unit,
                    row.score);
            if (row.peer.isPresent()) {
                text += String.format(
                        Locale.ROOT,
                        ", \"peer\": \"%s\", \"peer_score\": %.3f, \"ratio\": %.4f}",
                        row.peer.get(),
                        row.peerScore,
                        row.ratio());
            } else {
                text += ", \"peer\": null, \"peer_score\": null, \"ratio\": null}";
            }
            objects.add(text);
        }
        return "[\n  " + String.join(",\n  ", objects) + "\n]\n";
    }
}
