// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.jmh;

import dev.jacobian.rl.sandbox.Language;
import dev.jacobian.rl.sandbox.Limits;
import dev.jacobian.rl.sandbox.Outcome;
import dev.jacobian.rl.sandbox.Program;
import dev.jacobian.rl.sandbox.Sandbox;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/** Short programs in the sandbox, some at once, forked from its worker where there is one. */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@State(Scope.Benchmark)
public class SandboxBenchmark {
    /** Programs of one call. */
    static final int PROGRAMS = 16;

    private static final Pattern CASE = Pattern.compile("(python|shell) (\\d) at once");

    /** The case's language and number of threads. */
    private static Matcher parsed(String text) {
        Matcher parts = CASE.matcher(text);
        if (!parts.matches()) {
            throw new IllegalArgumentException("'" + text + "' is not of the form 'python 2 at once'");
        }
        return parts;
    }

    static void requireCase(String text) {
        parsed(text);
    }

    /** The case. */
    @Param("python 2 at once")
    public String programs;

    private Sandbox sandbox;
    private ExecutorService threads;
    private Program program;

    /** Opens the sandbox and runs once: a worker is started before anything is measured. */
    @Setup
    public void setUp() {
        Matcher parts = parsed(programs);
        sandbox = Sandbox.open(true);
        threads = Executors.newFixedThreadPool(Integer.parseInt(parts.group(2)));
        program = parts.group(1).equals("python")
                ? Program.python("print(2 * int(input()))")
                : new Program(Language.shell(), "read n; echo $((2 * n))");
        run();
    }

    @TearDown
    public void tearDown() {
        threads.close();
        sandbox.close();
    }

    @Benchmark
    public int run() {
        byte[] input = "21\n".getBytes(StandardCharsets.US_ASCII);
        List<Future<Outcome>> runs = new ArrayList<>();
        for (int i = 0; i < PROGRAMS; i++) {
            runs.add(threads.submit(() -> sandbox.run(program, input, Limits.DEFAULT)));
        }
        int right = 0;
        for (Future<Outcome> run : runs) {
            right += text(run).equals("42\n") ? 1 : 0;
        }
        if (right != PROGRAMS) {
            throw new IllegalStateException(right + " of " + PROGRAMS + " programs were right");
        }
        return right;
    }

    private static String text(Future<Outcome> run) {
        try {
            return run.get().stdoutText();
        } catch (InterruptedException | ExecutionException e) {
            throw new IllegalStateException(e);
        }
    }
}
