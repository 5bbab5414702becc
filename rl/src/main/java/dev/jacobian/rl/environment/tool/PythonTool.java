// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.environment.tool;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.rl.environment.Start;
import dev.jacobian.rl.sandbox.Ending;
import dev.jacobian.rl.sandbox.Limits;
import dev.jacobian.rl.sandbox.Outcome;
import dev.jacobian.rl.sandbox.Program;
import dev.jacobian.rl.sandbox.Sandbox;
import java.util.List;
import java.util.Locale;

/**
 * Runs Python programs in the {@link Sandbox} and tells what they print.
 *
 * <p>Decision: each call is a program of its own, so that what it answers depends on the call alone. Of what went wrong the last line is told,
 * which has no paths in it; so the same program is answered the same everywhere, as long as it prints nothing that changes.
 *
 * @param cpuSeconds of the processor that a program may take
 * @param memoryMib that it may use
 * @param requireIsolation whether to refuse to run anything where this machine has no isolation
 */
public record PythonTool(double cpuSeconds, int memoryMib, boolean requireIsolation) implements Tool {
    private static final String PARAMETER = "code";
    private static final long MIB = 1L << 20;

    /** The last characters of an output that are told of a program that failed. */
    private static final int TOLD = 400;

    public PythonTool {
        limits(cpuSeconds, memoryMib);
    }

    private static Limits limits(double cpuSeconds, int memoryMib) {
        return Limits.DEFAULT.withCpu(cpuSeconds).withMemory(memoryMib * MIB).withOutput(MIB);
    }

    @Override
    public String name() {
        return "python";
    }

    @Override
    public String description() {
        return "Runs a Python 3 program of its own and returns what it prints.";
    }

    @Override
    public ObjectNode parameters() {
        return FunctionTool.of(PARAMETER, "string");
    }

    /** As many as the sandbox runs at once. */
    @Override
    public int callsAtOnce() {
        return Runtime.getRuntime().availableProcessors();
    }

    @Override
    public ToolUse open(Start start) {
        Sandbox sandbox = Sandbox.shared(requireIsolation);
        return arguments -> told(sandbox.run(
                Program.python(FunctionTool.text(arguments, PARAMETER)), new byte[0], limits(cpuSeconds, memoryMib)));
    }

    private static String told(Outcome outcome) throws ToolException {
        String printed = outcome.stdoutText().strip();
        if (outcome.succeeded()) {
            return printed.isEmpty() ? "(nothing was printed)" : printed;
        }
        List<String> said = outcome.stderrText().strip().lines().toList();
        String why = outcome.ending() != Ending.EXITED && outcome.ending() != Ending.NOT_COMPILED
                ? outcome.ending().name().toLowerCase(Locale.ROOT).replace('_', ' ')
                : said.isEmpty()
                        ? "exit code " + outcome.exitCode()
                        : said.getLast().strip();
        String end = printed.substring(Math.max(0, printed.length() - TOLD));
        throw new ToolException(end.isEmpty() ? why : end + "\n" + why);
    }
}
