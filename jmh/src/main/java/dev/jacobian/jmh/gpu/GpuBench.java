// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.jmh.gpu;

import dev.jacobian.tensor.Device;
import dev.jacobian.tensor.Nullable;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/**
 * Measures this project's side on a GPU, in this process: for machines that have the jars and nothing else.
 *
 * <p>{@code jmh/bench gpu-…} runs it in turn with the peers. Prints rows as {@code src/peers/python/measure.py} does; {@code
 * compare.py} puts both next to each other. Exit codes: 0 done, 1 something failed (the other suites were measured all the
 * same), 2 wrong usage.
 */
@Command(
        name = "GpuBench",
        description = "Measures suites of benchmarks on a GPU, all of them if none is named.",
        sortOptions = false,
        usageHelpAutoWidth = true)
public final class GpuBench implements Callable<Integer> {
    @Spec
    private CommandSpec spec;

    @Parameters(arity = "0..*", paramLabel = "SUITE", description = "What to measure.")
    private List<String> names = new ArrayList<>();

    @Option(names = "--quick", description = "Fewer and shorter rounds.")
    private boolean quick;

    @Option(
            names = "--tiny",
            description =
                    "Toy shapes, once: proves that everything runs, on an emulated device too, and measures nothing.")
    private boolean tiny;

    @Option(names = "--case", paramLabel = "TEXT", description = "Only the case TEXT, or else cases that contain it.")
    private String text = "";

    @Option(names = "--json", paramLabel = "FILE", description = "Also write the rows to FILE.")
    private Path json;

    @Option(names = "--device", paramLabel = "DEVICE", description = "cuda or cuda:N (default: cuda).")
    private String device = "cuda";

    @Option(names = "--list", description = "List the suites and their cases.")
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
        return new CommandLine(new GpuBench())
                .setOut(out)
                .setErr(err)
                .setParameterExceptionHandler((wrong, arguments) -> {
                    err.println("GpuBench: error: " + wrong.getMessage());
                    return 2;
                })
                .setExecutionExceptionHandler((failed, command, parsed) -> {
                    err.println("GpuBench: error: " + failed.getMessage());
                    return 1;
                })
                .execute(args);
    }

    @Override
    public Integer call() {
        PrintWriter out = spec.commandLine().getOut();
        List<GpuSuite> suites = suites();
        if (list) {
            suites.forEach(suite -> suite.select(text).forEach(label -> out.println(suite.name() + ": " + label)));
            return 0;
        }
        if (suites.stream().allMatch(suite -> suite.select(text).isEmpty())) {
            throw wrong("no case contains '" + text + "'; --list shows them");
        }
        GpuEffort effort = tiny ? GpuEffort.TINY : quick ? GpuEffort.QUICK : GpuEffort.FULL;
        GpuRun run = new GpuRun(device(), effort, Optional.ofNullable(json), out);
        int failures = 0;
        for (GpuSuite suite : suites) {
            List<String> cases = suite.select(text);
            if (cases.isEmpty()) {
                continue;
            }
            try {
                run.run(suite, cases);
            } catch (RuntimeException failure) { // the others may still be measured
                failures++;
                PrintWriter err = spec.commandLine().getErr();
                err.println("GpuBench: " + suite.name() + " failed:");
                failure.printStackTrace(err);
                err.flush();
            }
        }
        return failures == 0 ? 0 : 1;
    }

    private List<GpuSuite> suites() {
        return names.isEmpty()
                ? GpuSuites.ALL
                : names.stream()
                        .map(name -> GpuSuites.named(name)
                                .orElseThrow(() -> wrong("there is no suite '" + name + "'; there are "
                                        + GpuSuites.ALL.stream()
                                                .map(GpuSuite::name)
                                                .collect(Collectors.joining(", ")))))
                        .toList();
    }

    private Device device() {
        try {
            Device parsed = Device.parse(device);
            if (parsed.kind() == Device.Kind.CUDA) {
                return parsed;
            }
        } catch (IllegalArgumentException unknown) {
            throw wrong(unknown.getMessage());
        }
        throw wrong("these suites are for a GPU: --device takes cuda or cuda:N, not " + device);
    }

    private ParameterException wrong(@Nullable String message) {
        return new ParameterException(spec.commandLine(), message);
    }
}
