// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.sandbox;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.Json;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.net.UnixDomainSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * A warm worker: a Python interpreter behind the walls of {@link NamespaceLauncher} that forks a sandbox for each run, so that a run pays neither
 * for a dozen commands that build walls nor for the start of Python.
 *
 * <p>Where the time of a cold run goes (time of the processor, one program that prints a number, Linux 6.18): 13 ms are Python's start, 5 to 20 ms
 * the commands around it (setpriv, prlimit, timeout, bwrap; without bwrap also unshare, mount, perl), 7 to 10 ms our own: starting a process,
 * reading {@code /proc} again and again. So a pool of sandboxes that are made ahead of time would wait less and compute as much. What is
 * computed less is what is forked.
 *
 * <p>Decisions:
 *
 * <ul>
 *   <li><b>Nothing is used twice but the interpreter that has run no program.</b> Each run has a process of its own in new namespaces of processes,
 *       mounts, network, messages, names and users, its own empty folders, its own filter and limits, as a cold run has; and process 1 of them
 *       (the keeper) is new as well. The server itself reads no request. So there is no worker that a program could poison.
 *   <li><b>Python goes on where it would have begun.</b> The server waits in {@code sitecustomize}, which Python imports before it looks for
 *       its program; a Python program therefore runs in an interpreter that is as fresh as any, without frames of ours below it, but with common modules
 *       loaded. Other commands are executed.
 *   <li><b>The keeper watches</b>, from inside: it sees the processes of its run and no others, which is both cheaper and more exact than
 *       looking at the host's. The time of the processor is the kernel's own sum over all that ended.
 *   <li><b>A run is a connection.</b> If ours is closed, by an interruption or with this process, the keeper ends the run; if the server goes,
 *       the kernel ends all of them.
 * </ul>
 *
 * <p>It needs Python 3.9, the tools of util-linux, namespaces of users and Linux 5.14 (limits of processes that count by namespace). Where
 * something is missing, runs are cold, which {@link Protection#cold} says. Safe for use by many threads.
 */
final class ForkServer implements AutoCloseable {
    private static final int START_SECONDS = 30; // on a machine that does other things too

    /** Python's standard input must be a file, as a program's is; ours becomes the descriptor whose end is the server's end. */
    private static final String SCRIPT = """
        exec 3<&0 </program/empty
        exec "$@"
        """;

    private final Path folder;
    private final Process process;
    private final UnixDomainSocketAddress address;

    private ForkServer(Path folder, Process process, Path socket) {
        this.folder = folder;
        this.process = process;
        this.address = UnixDomainSocketAddress.of(socket);
    }

    /**
     * Starts one.
     *
     * @param home folder of the host in which the programs are that it will run
     * @param folder for its own files, below that
     * @param user that it runs as, if we may choose
     * @throws SandboxException saying why it did not come up
     */
    static ForkServer start(Path home, Path folder, int user) {
        Path shared = Tools.folder(Tools.folder(folder).resolve("shared"));
        Tools.write(shared.resolve("sitecustomize.py"), source());
        Tools.write(shared.resolve("empty"), "");
        try {
            Files.write(shared.resolve("filter"), CallFilter.program().orElseGet(() -> new byte[0]));
            Tools.readable(shared.resolve("filter"));
            if (Launcher.ownUsers()) {
                Tools.give(shared, user);
            }
            List<String> command = new ArrayList<>(Launcher.identity(user));
            command.addAll(NamespaceLauncher.inside(
                    folder,
                    List.of(),
                    List.of(
                            NamespaceLauncher.Mount.readOnly(home, "box"),
                            NamespaceLauncher.Mount.writable(shared, "program"),
                            new NamespaceLauncher.Mount("sandbox-tmp", "tmp", "tmpfs", "size=4k,ro,X-mount.mkdir"),
                            new NamespaceLauncher.Mount("sandbox-shm", "dev/shm", "tmpfs", "size=4k,ro,X-mount.mkdir")),
                    List.of(),
                    SCRIPT));
            command.addAll(Language.python().run().stream()
                    .map(part -> part.replace("{program}", "/program"))
                    .toList());
            ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
            builder.directory(folder.toFile());
            builder.environment().clear();
            builder.environment().putAll(Launcher.ENVIRONMENT);
            builder.environment().put("PYTHONPATH", "/program");
            ForkServer server = new ForkServer(folder, builder.start(), shared.resolve("socket"));
            server.awaitReady();
            return server;
        } catch (IOException e) {
            throw new SandboxException("cannot start warm workers", e);
        }
    }

    private static String source() {
        try (InputStream in = ForkServer.class.getResourceAsStream("forkserver.py")) {
            if (in == null) {
                throw new IllegalStateException("forkserver.py is not in the module");
            }
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new SandboxException("cannot read forkserver.py", e);
        }
    }

    private void awaitReady() {
        CompletableFuture<String> said = new CompletableFuture<>();
        Thread.ofVirtual().name("sandbox-server").start(() -> {
            try (BufferedReader reader = process.inputReader(StandardCharsets.UTF_8)) {
                String line = Optional.ofNullable(reader.readLine()).orElse("it ended without a word");
                said.complete(line);
                while (reader.readLine() != null) {
                    // it says nothing more, but nobody shall wait for us if it does
                }
            } catch (IOException e) {
                said.complete(e.toString());
            }
        });
        String line;
        try {
            line = said.get(START_SECONDS, TimeUnit.SECONDS);
        } catch (TimeoutException | ExecutionException e) {
            line = "it was not ready within " + START_SECONDS + " s";
        } catch (InterruptedException e) {
            close();
            Thread.currentThread().interrupt();
            throw new SandboxException("interrupted while warm workers were started", e);
        }
        if (!line.equals("ready")) {
            close();
            throw new SandboxException("warm workers did not start: " + Tools.printable(line));
        }
    }

    /** Whether it can be asked. */
    boolean alive() {
        return process.isAlive();
    }

    /** Whether it can run a program that needs these folders to be seen: its walls stand already. */
    static boolean sees(List<Path> folders) {
        return folders.stream().allMatch(needed -> needed.startsWith("/usr"));
    }

    /**
     * Runs a program.
     *
     * @param limits the program's own, without what its language adds
     */
    Outcome run(Launcher.Request request, byte[] stdin, Limits limits, Language.Runtime runtime) {
        try {
            Path input = request.folder().resolve("stdin");
            Files.write(input, stdin);
            Tools.readable(input);
            try (ForkedRun run = new ForkedRun(address)) {
                ForkedRun.Answer answer =
                        run.ask(job(request, limits), request.limits().patienceSeconds() + 30);
                Outcome outcome = new Outcome(
                        Ending.EXITED,
                        answer.limit().isPresent() ? Diagnosis.KILLED : answer.code(),
                        answer.stdout(),
                        answer.stderr(),
                        answer.cpuSeconds(),
                        answer.wallSeconds(),
                        answer.memoryBytes());
                return outcome.as(answer.limit()
                        .orElseGet(() -> Diagnosis.ending(outcome, request.limits(), runtime, "/program")));
            }
        } catch (IOException e) {
            throw new SandboxException("a warm worker failed: " + e.getMessage(), e);
        }
    }

    private ObjectNode job(Launcher.Request request, Limits limits) {
        ObjectNode job = Json.object();
        Limits most = request.limits();
        job.put("program", request.program().getFileName().toString());
        job.put("stdin", request.folder().getFileName() + "/stdin");
        ArrayNode command = job.putArray("command");
        request.command().forEach(command::add);
        job.put("forked", forked(request.command()));
        ObjectNode environment = job.putObject("environment");
        Launcher.ENVIRONMENT.forEach(environment::put);
        job.put("cpu", most.cpuSeconds());
        job.put("wall", most.wallSeconds());
        job.put("patience", most.patienceSeconds());
        job.put("memory", most.memoryBytes());
        job.put("output", limits.outputBytes());
        job.put("files", most.fileBytes());
        ObjectNode kernel = job.putObject("limits");
        Launcher.kernelLimits(request).forEach((name, value) -> kernel.put(name.toUpperCase(Locale.ROOT), value));
        return job;
    }

    /** Whether a command is the server's own: it need not be executed, for the server has come as far. */
    private static boolean forked(List<String> command) {
        List<String> own = Language.filled(Language.python().run(), "/program", 1);
        return command.size() >= own.size() && command.subList(0, own.size()).equals(own);
    }

    @Override
    public void close() {
        try {
            process.getOutputStream().close(); // the end of its input is its own
        } catch (IOException gone) {
            // then it has ended already
        }
        try {
            if (!process.waitFor(5, TimeUnit.SECONDS)) {
                process.descendants().forEach(ProcessHandle::destroyForcibly);
                process.destroyForcibly();
            }
        } catch (InterruptedException e) {
            process.descendants().forEach(ProcessHandle::destroyForcibly);
            process.destroyForcibly();
            Thread.currentThread().interrupt();
        }
        Tools.delete(folder);
    }
}
