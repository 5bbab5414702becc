// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.sandbox;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * Makes the command line that puts a program behind walls.
 *
 * <p>Every line begins alike ({@link #opening}): a shell opens the run's status file as descriptor {@value #STATUS}, through which the
 * sandbox says that the program was started and how it ended. The program itself never has that descriptor. So "the sandbox did
 * not come up" and "the program returned 1" cannot be mixed up. Around the rest stands {@code timeout} of coreutils, which
 * ends a run also when the JVM that watches it was killed.
 */
sealed interface Launcher permits BubblewrapLauncher, NamespaceLauncher, PlainLauncher {
    /** The status file's descriptor; a plain shell knows one digit. */
    int STATUS = 4;

    /** The one limit of which a program may ask for more. */
    String STACK = "stack";

    /** All that a program's environment has. */
    Map<String, String> ENVIRONMENT = Map.of(
            "PATH", "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin",
            "HOME", "/box",
            "TMPDIR", "/tmp",
            "LC_ALL", "C.UTF-8",
            "TZ", "UTC",
            "PYTHONHASHSEED", "0",
            "PYTHONDONTWRITEBYTECODE", "1",
            "OMP_NUM_THREADS", "1",
            "OPENBLAS_NUM_THREADS", "1");

    /**
     * A run.
     *
     * @param folder the run's own, on the host
     * @param program the folder with the program's file, on the host
     * @param command what is run, placeholders filled in
     * @param limits of the program with what its language adds
     * @param ownHeap whether addresses are not to be limited
     * @param folders that the language needs to see
     * @param user an id of the host that nobody else has, to be used where we may choose
     */
    record Request(
            Path folder,
            Path program,
            List<String> command,
            Limits limits,
            boolean ownHeap,
            List<Path> folders,
            int user) {
        /** The same under other limits. */
        Request with(Limits other) {
            return new Request(folder, program, command, other, ownHeap, folders, user);
        }

        Path status() {
            return folder.resolve("status");
        }
    }

    /** Which one it is. */
    Isolation isolation();

    /** Why it cannot work here, as far as can be told without trying. */
    Optional<String> problem();

    /** Where the program finds its folder. */
    String programFolder(Path host);

    /** Writes what the run needs into its folder and returns the command line. */
    List<String> command(Request request);

    /** Whether the status file says that the program was started. */
    boolean started(String status);

    /** What it says the program returned. */
    OptionalInt exitCode(String status);

    /** Ends what may be left of a run whose first process has ended. */
    default void sweep(Request request) {}

    /** Whether each run gets a user of its own; otherwise programs run as the user that we are. */
    static boolean ownUsers() {
        return Users.spare().isPresent();
    }

    /** How every command line begins. */
    static List<String> opening(Request request) {
        return List.of(
                "/bin/sh",
                "-c",
                "exec " + STATUS + ">\"$1\"; shift; exec \"$@\"",
                "sh",
                request.status().toString(),
                "timeout",
                "--foreground",
                "--signal=KILL",
                Long.toString((long) Math.ceil(request.limits().patienceSeconds()) + 5));
    }

    /** Gives up what the JVM's user may do. */
    static List<String> identity(int user) {
        return ownUsers()
                ? List.of(
                        "setpriv",
                        "--reuid=" + user,
                        "--regid=" + user,
                        "--clear-groups",
                        "--inh-caps=-all",
                        "--no-new-privs")
                : List.of("setpriv", "--no-new-privs");
    }

    /** Limits of the kernel, by their names, inherited by all that the program starts. */
    static Map<String, Long> kernelLimits(Request request) {
        Limits limits = request.limits();
        Map<String, Long> kernel = new LinkedHashMap<>();
        kernel.put("cpu", (long) Math.ceil(limits.cpuSeconds()) + 1); // of one process; who watches adds them up
        kernel.put("nproc", (long) limits.processes());
        kernel.put("fsize", limits.fileBytes());
        kernel.put("nofile", 128L);
        kernel.put("core", 0L);
        kernel.put("memlock", 65536L);
        kernel.put(STACK, 8388608L);
        if (!request.ownHeap()) {
            kernel.put("as", limits.memoryBytes() + (64L << 20));
        }
        return kernel;
    }

    /** The same as the beginning of a command line; of the stack a program may ask for more. */
    static List<String> resources(Request request) {
        List<String> command = new ArrayList<>(List.of("prlimit"));
        kernelLimits(request)
                .forEach((name, value) -> command.add("--" + name + "=" + value + (name.equals(STACK) ? ":" : "")));
        return command;
    }
}
