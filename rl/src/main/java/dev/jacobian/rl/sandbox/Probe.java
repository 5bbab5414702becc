// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.sandbox;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Tries a launcher: does a program run behind it, and are the walls where they are said to be? */
final class Probe {
    /** Prints a line for each wall that is missing, then {@code ok}. {@code $1} is a file of the host, the others its namespaces. */
    private static final String WALLS = """
        [ ! -e "$1" ] || echo 'files of the host can be seen'
        shift
        for host in "$@"; do
            [ "$(readlink "/proc/self/ns/${host%%:*}")" != "$host" ] || echo "${host%%:*} are the host's"
        done
        for file in /usr/probe /probe /dev/probe /program/probe; do
            (: > "$file") 2>/dev/null && echo "$file can be written"
        done
        [ "$(grep -c : /proc/net/dev)" -le 1 ] || echo 'there is a network'
        unshare --user true 2>/dev/null && echo 'further namespaces can be made'
        echo ok
        """;

    private static final Limits LIMITS = Limits.DEFAULT.withCpu(5);

    private Probe() {}

    /** What is wrong with a launcher here; empty if nothing is. */
    static String problem(Launcher launcher) {
        return problem(launcher, Sandbox.Workers.COLD);
    }

    /** The same, or of the warm workers that are to take its place. */
    static String problem(Launcher launcher, Sandbox.Workers workers) {
        try (Sandbox sandbox = new Sandbox(launcher, 1, workers)) {
            Program program = launcher.isolation().isolates()
                    ? new Program(Language.shell(), WALLS, hostsView(sandbox))
                    : new Program(Language.shell(), "echo ok");
            Outcome outcome = sandbox.run(program, new byte[0], LIMITS);
            String said = outcome.stdoutText().strip();
            return said.equals("ok")
                    ? ""
                    : Tools.printable(said.isEmpty() ? outcome + " " + outcome.stderrText() : said);
        } catch (SandboxException e) {
            return e.getMessage() == null ? e.toString() : e.getMessage();
        }
    }

    /** What a program behind walls must not see: our file, our namespaces. */
    private static List<String> hostsView(Sandbox sandbox) {
        List<String> view = new ArrayList<>(List.of(sandbox.folder().toString()));
        for (String kind : List.of("pid", "net", "mnt", "user", "ipc", "uts")) {
            view.add(Tools.linkTarget(Path.of("/proc/self/ns", kind)));
        }
        return view;
    }
}
