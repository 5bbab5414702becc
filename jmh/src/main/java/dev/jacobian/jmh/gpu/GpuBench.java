// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.jmh.gpu;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.Json;
import dev.jacobian.tensor.Device;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/**
 * Jacobian's side of the GPU benchmarks; {@code scripts/gpu-check.sh} runs both sides and puts them next to each other.
 *
 * <p>Not a JMH suite: what runs on the device is compiled ahead, each case needs gigabytes that forks would have to make anew,
 * and the other side is Python. The protocol is the other side's: warm up, fill rounds with calls, wait once at a round's end,
 * report the median round. A case that fails does not stop the others.
 */
@Command(
        name = "GpuBench",
        description = "Measures on a GPU what src/peers/python measures with PyTorch.",
        sortOptions = false)
public final class GpuBench implements Callable<Integer> {
    @Spec
    private CommandSpec spec;

    @Option(
            names = "--device",
            paramLabel = "DEVICE",
            description = "Where (default: cuda:0).",
            defaultValue = "cuda:0")
    private String device;

    @Option(names = "--json", paramLabel = "FILE", description = "Also write the rows to FILE.")
    private Optional<Path> json = Optional.empty();

    @Option(names = "--case", paramLabel = "TEXT", description = "Only cases that contain TEXT.", defaultValue = "")
    private String wanted;

    @Option(names = "--quick", description = "Fewer and shorter rounds.")
    private boolean quick;

    @Option(names = "--smoke", description = "Tiny shapes, once, to see that it runs; measures nothing.")
    private boolean smoke;

    @Option(names = "--list", description = "List the cases.")
    private boolean list;

    @Option(
            names = {"-h", "--help"},
            usageHelp = true,
            description = "Show this help.")
    private boolean help;

    /** Runs and ends the process: 0 done, 1 a case failed, 2 wrong usage. */
    public static void main(String[] args) {
        System.exit(run(args, new PrintWriter(System.out, true), new PrintWriter(System.err, true)));
    }

    static int run(String[] args, PrintWriter out, PrintWriter err) {
        return new CommandLine(new GpuBench()).setOut(out).setErr(err).execute(args);
    }

    @Override
    public Integer call() throws IOException {
        Device on = Device.parse(device);
        List<GpuCase> cases = new ArrayList<>();
        cases.addAll(new MatMulCases(on, smoke).all());
        cases.addAll(new AttentionCases(on, smoke).all());
        cases.addAll(new ModelCases(on, smoke).all());
        cases.removeIf(one -> !one.name().contains(wanted));
        if (list) {
            cases.forEach(one -> spec.commandLine().getOut().println(one.suite() + ": " + one.name()));
            return 0;
        }
        Rounds rounds = smoke ? Rounds.SMOKE : quick ? Rounds.QUICK : Rounds.FULL;
        ArrayNode rows = Json.object().putArray("rows");
        int failed = 0;
        for (GpuCase one : cases) {
            try {
                ObjectNode row = rounds.measure(one, on);
                rows.add(row);
                spec.commandLine().getOut().println(row);
                if (json.isPresent()) { // after each row: what was measured is kept if the next case is killed
                    Files.writeString(json.get(), rows + "\n");
                }
            } catch (RuntimeException | OutOfMemoryError failure) {
                failed++;
                spec.commandLine().getErr().println("error: " + one.suite() + ", " + one.name() + ": " + failure);
            }
        }
        return failed == 0 ? 0 : 1;
    }
}
