// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.sandbox;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.TimeUnit;

/**
 * No walls, only limits: for machines that give no more, and programs that one trusts or a container that may be lost.
 *
 * <p>Root gives each run {@link Users a user that nobody else has}, so that files of others are safe as far as their permissions go, and all
 * processes that the run left can be found and killed. For anyone else a program that detaches itself escapes, and the limit
 * of processes is one of all the user's.
 */
record PlainLauncher() implements Launcher {
    private static final int SWEEP_SECONDS = 10; // for the kernel to end what was killed, on a busy machine

    private static final int AROUND = 16; // shells and tools of ours, threads that the JVM may start

    private static final String START = """
        cd "$1" || exit 125
        export HOME="$1" TMPDIR="$1"
        shift
        echo started >&4
        code=0
        exec 3>&2 2>/dev/null
        "$@" 2>&3 3>&- 4>&- || code=$?
        echo "exit $code" >&4
        exit $code
        """;

    @Override
    public Isolation isolation() {
        return Isolation.PLAIN;
    }

    @Override
    public Optional<String> problem() {
        return Tools.missing("setpriv", "prlimit", "timeout");
    }

    @Override
    public String programFolder(Path host) {
        return host.toString();
    }

    @Override
    public List<String> command(Request request) {
        Path box = Tools.folder(request.folder().resolve("box"));
        if (Launcher.ownUsers()) {
            Tools.give(box, request.user());
        }
        List<String> command = new ArrayList<>(Launcher.opening(request));
        command.addAll(List.of("setsid", "--wait", "/bin/sh", "-c", START, "sandbox", box.toString()));
        command.addAll(Launcher.identity(request.user()));
        command.addAll(Launcher.resources(counted(request)));
        command.addAll(request.command());
        return command;
    }

    /**
     * The kernel counts a user's threads on the whole machine. Where a run has no user of its own, those that there are already are
     * allowed for, and some that stand around the program or begin meanwhile.
     */
    private static Request counted(Request request) {
        if (Launcher.ownUsers()) {
            return request;
        }
        Limits limits = request.limits();
        int there = ProcessTree.ofUser(Tools.userId()).threads();
        return request.with(limits.withProcesses(Math.min(Limits.MOST_PROCESSES, limits.processes() + there + AROUND)));
    }

    @Override
    public boolean started(String status) {
        return status.startsWith("started\n");
    }

    @Override
    public OptionalInt exitCode(String status) {
        return ShellStatus.exitCode(status);
    }

    /** Kills all processes of the run's user; nobody else has that id. */
    @Override
    public void sweep(Request request) {
        if (!Launcher.ownUsers()) {
            return;
        }
        List<String> kill = new ArrayList<>(Launcher.identity(request.user()));
        kill.addAll(List.of("/bin/sh", "-c", "kill -KILL -1"));
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(SWEEP_SECONDS);
        boolean interrupted = Thread.interrupted(); // what the program started is gone first
        try {
            while (!ProcessTree.ofUser(request.user()).processes().isEmpty()) {
                if (System.nanoTime() > deadline) {
                    throw new SandboxException(
                            "a program left processes that cannot be ended, of user " + request.user());
                }
                new ProcessBuilder(kill)
                        .redirectErrorStream(true)
                        .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                        .start()
                        .waitFor(SWEEP_SECONDS, TimeUnit.SECONDS);
            }
        } catch (IOException e) {
            throw new SandboxException("cannot end what a program left running", e);
        } catch (InterruptedException e) {
            interrupted = true;
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }
}
