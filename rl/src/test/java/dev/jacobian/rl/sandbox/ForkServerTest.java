// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.sandbox;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Warm workers: nobody can tell a run of theirs from a cold one, and nothing is lost when they go. */
class ForkServerTest {
    private static final Limits LIMITS = Limits.DEFAULT.withCpu(5).withWall(60);
    private final List<ProcessHandle> others = // of sandboxes that rewards share for as long as the JVM lives
            ProcessHandle.current().descendants().toList();
    private Sandbox warm;

    @BeforeEach
    void open() {
        warm = Sandboxes.Walls.WARM.open();
    }

    @AfterEach
    void close() {
        if (warm != null) {
            warm.close();
        }
    }

    private static Outcome run(Sandbox sandbox, String source, String... arguments) {
        return sandbox.run(new Program(Language.python(), source, List.of(arguments)), "1\n2\n".getBytes(), LIMITS);
    }

    @Test
    void aPythonProgramSeesAFreshInterpreter() {
        List<String> programs = List.of(
                """
                import os, sys
                def deep(n):
                    try: return deep(n + 1)
                    except RecursionError: return n
                print(deep(0), sys.getrecursionlimit(), sys.argv, sys.path, __name__, __file__, sorted(globals()))
                print(sorted(k for k in os.environ if k not in ("PWD", "OLDPWD")), os.getcwd(), os.getuid(), os.umask(0))
                for file in (sys.stdin, sys.stdout, sys.stderr):
                    print(file.encoding, file.errors, file.line_buffering, file.seekable(), file.name, file.mode)
                print(sys.flags, sys.executable, hash("a"), sys.stdin.read())
                import signal
                print([signal.getsignal(s) for s in (signal.SIGINT, signal.SIGPIPE, signal.SIGXFSZ, signal.SIGTERM)])
                import atexit
                atexit.register(print, "at the end")
                class Last:
                    def __del__(self): print("deleted")
                last = Last()
                """,
                "import sys\nprint(input())\nsys.exit(3)",
                "import sys\nsys.exit('gone')",
                "1 / 0",
                "def f(:",
                "x = '\0'",
                "import threading, time\n"
                        + "threading.Thread(target=lambda: (time.sleep(0.05), print('late'))).start()",
                "import os\nos.abort()");
        try (Sandbox cold = Sandboxes.Walls.NAMESPACES.open()) {
            for (String program : programs) {
                Outcome expected = run(cold, program, "a b", "c");
                Outcome forked = run(warm, program, "a b", "c");
                assertThat(forked.stdoutText()).isEqualTo(expected.stdoutText());
                assertThat(forked.stderrText())
                        .isEqualTo(expected.stderrText().replace("Aborted\n", "")); // which a cold run's shell says
                assertThat(forked.exitCode()).isEqualTo(expected.exitCode());
                assertThat(forked.ending()).isEqualTo(expected.ending());
            }
        }
    }

    @Test
    void randomNumbersDiffer() {
        String program = "import random, os, uuid\nprint(random.random(), os.urandom(8), uuid.uuid4())";
        assertThat(run(warm, program).stdoutText())
                .isNotEqualTo(run(warm, program).stdoutText());
    }

    @Test
    void aWorkerThatWasKilledIsReplaced() {
        assertThat(run(warm, "print(1)").stdoutText()).isEqualTo("1\n");
        kill();
        assertThat(run(warm, "print(2)").stdoutText()).isEqualTo("2\n");
    }

    /** The program ends with its worker, and is run again without one. */
    @Test
    void aRunThatLosesItsWorkerIsMadeAgain() throws Exception {
        try (Sandbox sandbox = new Sandbox(Protection.launcher(Isolation.NAMESPACES), 2, Sandbox.Workers.WARM)) {
            run(sandbox, "");
            CompletableFuture<Outcome> late =
                    CompletableFuture.supplyAsync(() -> run(sandbox, "import time\ntime.sleep(1)\nprint('slept')"));
            Thread.sleep(200);
            kill();
            assertThat(late.join().stdoutText()).isEqualTo("slept\n");
            assertThat(run(sandbox, "print(3)").stdoutText()).isEqualTo("3\n");
        }
    }

    private static void kill() {
        List<ProcessHandle> workers = ProcessHandle.current()
                .children()
                .filter(child -> child.info().command().orElse("").endsWith("unshare"))
                .toList();
        assertThat(workers).isNotEmpty();
        workers.forEach(ProcessHandle::destroyForcibly);
        workers.forEach(worker -> worker.onExit().join());
    }

    @Test
    void closingLeavesNothing() {
        run(warm, "print(1)");
        List<ProcessHandle> all = ProcessHandle.current()
                .descendants()
                .filter(process -> !others.contains(process))
                .toList();
        warm.close();
        assertThat(warm.folder()).doesNotExist();
        all.forEach(process -> process.onExit().join());
        Sandboxes.awaitProcessesOfRuns(Map.of());
    }
}
