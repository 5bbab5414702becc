// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.sandbox;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
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

    /** Whether we are root, who gives each run a user of its own; another user's programs run as that user. */
    static boolean root() {
        return Tools.userId() == 0;
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
                Long.toString((long) Math.ceil(request.limits().wallSeconds()) + 5));
    }

    /** Gives up what the JVM's user may do. */
    static List<String> identity(Request request) {
        return root()
                ? List.of(
                        "setpriv",
                        "--reuid=" + request.user(),
                        "--regid=" + request.user(),
                        "--clear-groups",
                        "--inh-caps=-all",
                        "--no-new-privs")
                : List.of("setpriv", "--no-new-privs");
    }

    /** Limits of the kernel, inherited by all that the program starts. */
    static List<String> resources(Request request) {
        Limits limits = request.limits();
        List<String> command = new ArrayList<>(List.of(
                "prlimit",
                "--cpu=" + ((long) Math.ceil(limits.cpuSeconds()) + 1), // of one process; the watch adds them up
                "--nproc=" + limits.processes(),
                "--fsize=" + limits.fileBytes(),
                "--nofile=128",
                "--core=0",
                "--memlock=65536",
                "--stack=8388608:"));
        if (!request.ownHeap()) {
            command.add("--as=" + (limits.memoryBytes() + (64L << 20)));
        }
        return command;
    }
}
