// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.sandbox;

import dev.jacobian.tensor.Nullable;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Runs programs that nobody trusts.
 *
 * <pre>{@code
 * Outcome outcome = Sandbox.shared().run(Program.python("print(6 * 7)"), new byte[0], Limits.DEFAULT);
 * outcome.stdoutText(); // 42
 * }</pre>
 *
 * <p>A run sees {@code /usr} read-only, its own file, an empty folder to work in, and nothing else: no network, no other process, none of our
 * environment. Whatever it started is gone when {@code run} returns. The same program may be {@link #prepare prepared} once and run
 * many times.
 *
 * <p>Decision: a sandbox is made for a run and thrown away with it. It takes some 20 ms, and in return nothing has to be cleaned, so
 * nothing can be forgotten. No more run at once than there are processors, because a limit of time means little to a program
 * that waits for its turn.
 *
 * <p>Decision: where the machine gives no {@link Isolation} the sandbox refuses to open, unless it is told to do without: a program that
 * a policy wrote will one day do whatever its user can do. Safe for use by many threads; a thread that is interrupted ends its
 * run.
 */
public final class Sandbox implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger(Sandbox.class.getName());
    private static final long MIB = 1L << 20;

    /** What a run is forked from. */
    enum Workers {
        /** Nothing: each builds its walls by itself. */
        COLD,
        /** A warm worker, or nothing when that fails. */
        WARM,
        /** A warm worker, or the run fails: for those who want to know whether it works. */
        WARM_ONLY
    }

    /** What a compiler may use. */
    private static final Limits COMPILING = new Limits(30, 60, 1024 * MIB, 64 * MIB, 128, 256 * MIB);

    private final Launcher launcher;
    private final Path folder;
    private final Semaphore slots;
    private final AtomicLong made = new AtomicLong();
    private final Workers workers;
    private @Nullable ForkServer server; // guarded by this
    private volatile boolean closed;

    /**
     * For a launcher of one's choice.
     *
     * @param workers whether a {@link ForkServer} takes its place
     */
    Sandbox(Launcher launcher, int atOnce, Workers workers) {
        this.launcher = launcher;
        this.workers = workers;
        this.slots = new Semaphore(atOnce, true);
        try {
            this.folder = Tools.folder(Files.createTempDirectory("jacobian-sandbox-"));
        } catch (IOException e) {
            throw new SandboxException(
                    "cannot make a folder for sandboxes in " + System.getProperty("java.io.tmpdir"), e);
        }
    }

    /**
     * The strongest sandbox that this machine has.
     *
     * @param requireIsolation whether to refuse where there is none but a plain process
     * @throws SandboxException if it refuses; it says what is missing and how to get it
     */
    public static Sandbox open(boolean requireIsolation) {
        Protection protection = Protection.found();
        if (!protection.isolation().isolates()) {
            if (requireIsolation) {
                throw new SandboxException(protection.advice()
                        + ". Where the whole machine may be lost, require_isolation=false runs them all the same");
            }
            LOG.log(
                    System.Logger.Level.WARNING,
                    "programs are run WITHOUT ISOLATION, as a plain process: "
                            + String.join("; ", protection.isolation().lacks()));
        }
        return new Sandbox(
                Protection.launcher(protection.isolation()),
                Runtime.getRuntime().availableProcessors(),
                protection.cold().isEmpty() ? Workers.WARM : Workers.COLD);
    }

    /**
     * The one of this process, with isolation; opened when it is first asked for, closed when the process ends.
     *
     * @throws SandboxException if this machine has no isolation
     */
    public static Sandbox shared() {
        return Shared.isolated();
    }

    /** The one of this process; as {@link #open} takes it. */
    public static Sandbox shared(boolean requireIsolation) {
        return requireIsolation ? Shared.isolated() : Shared.any();
    }

    /** Where it keeps its files on the host. */
    Path folder() {
        return folder;
    }

    /** Whether runs are forked from a worker that is warm already. */
    public boolean warm() {
        return workers != Workers.COLD;
    }

    /** What it protects with. */
    public Isolation isolation() {
        return launcher.isolation();
    }

    /**
     * Runs a program once, compiling it first where that is needed.
     *
     * @param stdin what it can read from standard input
     * @throws SandboxException if the sandbox could not do its work, the language is not there or we were interrupted
     */
    public Outcome run(Program program, byte[] stdin, Limits limits) {
        try (Prepared prepared = prepare(program)) {
            return prepared.run(stdin, limits);
        }
    }

    /**
     * Compiles a program, where its language is compiled, for any number of runs. A program that was refused can be "run" too: each
     * outcome is {@link Ending#NOT_COMPILED}.
     *
     * @throws SandboxException as {@link #run}
     */
    public Prepared prepare(Program program) {
        Language language = program.language();
        language.missing().ifPresent(missing -> {
            throw new SandboxException(missing);
        });
        language.runtime().folders().forEach(Sandbox::requireReachable);
        Path home = Tools.folder(folder.resolve("program-" + made.incrementAndGet()));
        try {
            Tools.write(home.resolve(language.file()), program.source());
            if (language.compile().isEmpty()) {
                return new Prepared(this, program, home);
            }
            Outcome compiled = execute(
                    home,
                    Language.filled(language.compile(), at(home), COMPILING.memoryBytes()),
                    language,
                    COMPILING,
                    new byte[0]);
            if (!compiled.succeeded()) {
                Tools.delete(home);
                return new Prepared(this, program, compiled.as(Ending.NOT_COMPILED));
            }
            Tools.executable(home.resolve(language.compiled()), compiled.stdout());
            return new Prepared(this, program, home);
        } catch (RuntimeException e) {
            Tools.delete(home);
            throw e;
        }
    }

    /** A folder of the host as the program sees it. */
    String at(Path program) {
        return launcher.programFolder(program);
    }

    /** Runs a command, and once more if it was the sandbox that failed. */
    Outcome execute(Path program, List<String> command, Language language, Limits limits, byte[] stdin) {
        try {
            slots.acquire();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new SandboxException("interrupted before a program was run", e);
        }
        try {
            return attempt(program, command, language, limits, stdin, warm());
        } catch (SandboxException e) {
            if (closed || workers == Workers.WARM_ONLY || Thread.currentThread().isInterrupted()) {
                throw e;
            }
            LOG.log(System.Logger.Level.WARNING, "a program is run again, in a cold sandbox: " + e.getMessage());
            return attempt(program, command, language, limits, stdin, false);
        } finally {
            slots.release();
        }
    }

    private Outcome attempt(
            Path program, List<String> command, Language language, Limits limits, byte[] stdin, boolean fork) {
        requireOpen();
        long number = made.incrementAndGet();
        Path own = Tools.folder(folder.resolve("run-" + number));
        Language.Runtime runtime = language.runtime();
        Launcher.Request request = new Launcher.Request(
                own,
                program,
                command,
                limits.plus(runtime.cpuSeconds(), runtime.memoryBytes()),
                runtime.ownHeap(),
                runtime.folders(),
                user(number));
        try {
            return fork && ForkServer.sees(runtime.folders())
                    ? server().run(request, stdin, limits, runtime)
                    : cold(request, stdin, limits, runtime);
        } finally {
            Tools.delete(own);
        }
    }

    private Outcome cold(Launcher.Request request, byte[] stdin, Limits limits, Language.Runtime runtime) {
        try {
            return new Run(launcher, request).execute(stdin, limits, runtime, at(request.program()));
        } finally {
            launcher.sweep(request);
        }
    }

    /** The warm worker; another one if it has ended. */
    private synchronized ForkServer server() {
        requireOpen();
        ForkServer running = server;
        if (running == null || !running.alive()) {
            if (running != null) {
                running.close();
            }
            long number = made.incrementAndGet();
            running = ForkServer.start(folder, folder.resolve("server-" + number), user(number));
            server = running;
        }
        return running;
    }

    private static int user(long number) {
        return Users.spare().map(users -> users.user(number)).orElseGet(Tools::userId);
    }

    private static void requireReachable(Path needed) {
        if (Launcher.ownUsers() && !Tools.openToOthers(needed)) {
            throw new SandboxException("programs do not run as root, and other users cannot enter " + needed
                    + "; move it or run as another user");
        }
    }

    private void requireOpen() {
        if (closed) {
            throw new SandboxException("the sandbox is closed");
        }
    }

    /** Removes its folder and ends its worker. Runs that go on fail, and no other begins. */
    @Override
    public void close() {
        closed = true;
        synchronized (this) {
            if (server != null) {
                server.close();
                server = null;
            }
        }
        Tools.delete(folder);
    }

    /** The sandboxes of this process. */
    private static final class Shared {
        private static volatile @Nullable Sandbox sandbox;

        static Sandbox isolated() {
            Protection protection = Protection.found();
            return protection.isolation().isolates() ? any() : open(true); // which refuses
        }

        static synchronized Sandbox any() {
            Sandbox made = sandbox;
            if (made == null) {
                made = open(false);
                Runtime.getRuntime().addShutdownHook(Thread.ofPlatform().unstarted(made::close));
                sandbox = made;
            }
            return made;
        }
    }
}
