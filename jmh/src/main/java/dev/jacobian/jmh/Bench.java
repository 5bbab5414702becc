// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.jmh;

import dev.jacobian.jmh.harness.Effort;
import dev.jacobian.jmh.harness.Machine;
import dev.jacobian.jmh.harness.Report;
import dev.jacobian.jmh.harness.Rounds;
import dev.jacobian.jmh.harness.Row;
import dev.jacobian.jmh.harness.Side;
import dev.jacobian.jmh.harness.Suite;
import dev.jacobian.tensor.Nullable;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import org.openjdk.jmh.runner.RunnerException;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/**
 * Runs a suite of benchmarks, prints each case beside its peers, and writes a page, a chart and JSON.
 *
 * <p>The work is done in {@link dev.jacobian.jmh.harness}; {@link Suites} says what there is. Exit codes: 0 done, 1 failed, 2
 * wrong usage.
 */
@Command(
        name = "jmh/bench",
        description = "Measures a suite of benchmarks. Without a suite it lists what there is.",
        mixinStandardHelpOptions = false,
        sortOptions = false,
        usageHelpAutoWidth = true)
public final class Bench implements Callable<Integer> {
    @Spec
    private CommandSpec spec;

    @Parameters(arity = "0..1", paramLabel = "SUITE", description = "What to measure.")
    private String name;

    @Option(names = "--peers", description = "Also build and measure the peers (the first time they are downloaded).")
    private boolean peers;

    @Option(names = "--quick", description = "Few cases, one round: an order of magnitude, in a minute or two.")
    private boolean quick;

    @Option(
            names = "--threads",
            paramLabel = "N",
            description = "Threads of every side (default: the suite's own, one or all).")
    private Integer threads;

    @Option(
            names = "--case",
            paramLabel = "TEXT",
            description = "Only cases that contain TEXT, or the case TEXT; may be repeated.")
    private List<String> cases = new ArrayList<>();

    @Option(names = "--rounds", paramLabel = "N", description = "How often the sides take turns.")
    private Integer rounds;

    @Option(names = "--json", paramLabel = "FILE", description = "Also write the JSON to FILE.")
    private Path json;

    @Option(
            names = "--out",
            paramLabel = "DIR",
            description = "Where SUITE.md, SUITE.svg and SUITE.json go (default: jmh/target/results).",
            defaultValue = "${sys:" + Folders.PROPERTY + ":-.}/jmh/target/results")
    private Path out;

    @Option(
            names = "--device",
            paramLabel = "DEVICE",
            description = "Of suites gpu-...: cuda or cuda:N (default: cuda).")
    private String device;

    @Option(
            names = "--tiny",
            description = "Suites gpu-... in toy shapes, peers on the CPU: proves that they run and measures nothing.")
    private boolean tiny;

    @Option(names = "--list", description = "List the cases of the suite.")
    private boolean list;

    @Option(
            names = {"-h", "--help"},
            usageHelp = true,
            description = "Show this help.")
    @SuppressWarnings("unused") // picocli asks the option, not the field
    private boolean help;

    /** Runs the command and ends the process. */
    public static void main(String[] args) {
        System.exit(run(
                args,
                new PrintWriter(System.out, true, System.out.charset()),
                new PrintWriter(System.err, true, System.err.charset())));
    }

    /** Runs the command: 0 done, 1 failed, 2 wrong usage. */
    static int run(String[] args, PrintWriter out, PrintWriter err) {
        return new CommandLine(new Bench())
                .setOut(out)
                .setErr(err)
                .setParameterExceptionHandler((wrong, arguments) -> {
                    err.println("jmh/bench: error: " + wrong.getMessage());
                    return 2;
                })
                .setExecutionExceptionHandler((failed, command, parsed) -> {
                    err.println("jmh/bench: error: " + message(failed));
                    return 1;
                })
                .execute(args);
    }

    private static String message(Throwable failed) {
        StringBuilder text = new StringBuilder(String.valueOf(failed.getMessage()));
        for (Throwable cause = failed.getCause(); cause != null; cause = cause.getCause()) {
            text.append("\n  because: ").append(cause);
        }
        return text.toString();
    }

    @Override
    public Integer call() throws RunnerException, IOException, InterruptedException {
        PrintWriter print = spec.commandLine().getOut();
        if (name == null) {
            print.print(suites());
            print.flush();
            return 0;
        }
        Suite suite = Suites.named(name)
                .orElseThrow(() -> wrong("there is no suite '" + name + "'; there are:\n" + suites().stripTrailing()));
        List<String> selected = select(suite);
        if (list) {
            selected.forEach(print::println);
            return 0;
        }
        chooseDevice(suite);
        if (tiny) {
            suite = GpuSides.toy(suite);
        }
        if (peers) {
            requirePeers(suite);
        }
        int processors = Runtime.getRuntime().availableProcessors();
        int used = threads != null ? threads : suite.threads() == 0 ? processors : suite.threads();
        requireAtLeastOne("--threads", used);
        Effort effort = quick ? suite.effort().quick() : suite.effort();
        if (rounds != null) {
            requireAtLeastOne("--rounds", rounds);
            effort = new Effort(rounds, effort.warmup(), effort.iterations(), effort.milliseconds());
        }
        Machine machine = Machine.here();
        print.printf(
                Locale.ROOT,
                "%s: %d cases, %d %s, %s, %s, commit %s%n",
                suite.name(),
                selected.size(),
                used,
                used == 1 ? "thread" : "threads",
                machine.processor(),
                machine.jvm(),
                machine.commit());
        PrintWriter progress = spec.commandLine().getErr();
        List<Row> rows = new Rounds(suite, selected, used, effort, peers, line -> progress.println("  " + line)).run();
        Report report = new Report(suite, rows, GpuSides.machine(suite, machine), effort, used, peers, quick);
        print.print(report.text());
        report.write(out, Optional.ofNullable(json));
        print.println("written: " + out.normalize().resolve(suite.name() + ".md") + ", .svg, .json"
                + (json == null ? "" : "; " + json));
        return 0;
    }

    private List<String> select(Suite suite) {
        try {
            return suite.select(cases, quick);
        } catch (IllegalArgumentException none) {
            throw wrong(none.getMessage());
        }
    }

    private void chooseDevice(Suite suite) {
        if (device == null && !tiny) {
            return;
        }
        if (!GpuSides.isOnGpu(suite)) {
            throw wrong("suite " + suite.name() + " is measured on the CPU; only suites gpu-... take "
                    + (tiny ? "--tiny" : "--device"));
        }
        System.setProperty(OnGpu.TINY, String.valueOf(tiny));
        if (device == null) {
            return;
        }
        if (!device.matches("cuda(:[0-9]{1,3})?")) {
            throw wrong("suite " + suite.name() + " is measured on a GPU: --device takes cuda or cuda:N, got '" + device
                    + "'");
        }
        System.setProperty(OnGpu.DEVICE, device);
    }

    private void requirePeers(Suite suite) {
        List<Side> all = suite.sides(Side.Role.PEER);
        if (all.isEmpty()) {
            throw wrong("suite " + suite.name() + " has no peers: " + suite.note() + " Leave --peers away.");
        }
        for (Side side : all) {
            switch (side) {
                case Side.Jmh jmh -> requireBuilt(jmh, suite);
                case Side.Program program -> program.program().require();
            }
        }
    }

    private static void requireBuilt(Side.Jmh side, Suite suite) {
        try {
            Class.forName(side.className(), false, Bench.class.getClassLoader());
        } catch (ClassNotFoundException absent) {
            throw new IllegalStateException("the peer " + side.name() + " of suite " + suite.name()
                    + " was not built: run jmh/bench --peers, which builds with the Maven profile peers");
        }
    }

    private void requireAtLeastOne(String option, int value) {
        if (value < 1) {
            throw wrong(option + " must be at least 1, got " + value);
        }
    }

    private ParameterException wrong(@Nullable String message) {
        return new ParameterException(spec.commandLine(), message);
    }

    private static String suites() {
        return Suites.ALL.stream()
                .map(suite ->
                        String.format(Locale.ROOT, "  %-18s %s%n", suite.name(), suite.description() + peersOf(suite)))
                .collect(Collectors.joining());
    }

    private static String peersOf(Suite suite) {
        List<Side> all = suite.sides(Side.Role.PEER);
        return all.isEmpty() ? "" : " (peers: " + all.stream().map(Side::name).collect(Collectors.joining(", ")) + ")";
    }
}
