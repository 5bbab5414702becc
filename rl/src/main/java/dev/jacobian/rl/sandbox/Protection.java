// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.sandbox;

import java.util.ArrayList;
import java.util.List;

/**
 * What protects this machine from the programs that a {@link Sandbox} runs: found once, by trying.
 *
 * @param isolation the strongest that works here
 * @param tried why the stronger ones do not, a sentence each
 */
public record Protection(Isolation isolation, List<String> tried) {
    private static final List<Launcher> STRONGEST_FIRST = List.of(
            new BubblewrapLauncher(System.getProperty("jacobian.bwrap", "bwrap")),
            new NamespaceLauncher(),
            new PlainLauncher());

    /** Copies the list. */
    public Protection {
        tried = List.copyOf(tried);
    }

    /** What this machine has. The first call takes up to a second, the next ones none. */
    public static Protection found() {
        return Found.PROTECTION;
    }

    /** One line: the isolation and what it does not protect from. */
    public String summary() {
        return isolation + "; " + String.join("; ", isolation.lacks());
    }

    /** How to get a stronger isolation; empty when there is one. */
    public String advice() {
        return isolation.isolates()
                ? ""
                : "untrusted programs are not run here: install bubblewrap (apt install bubblewrap) and allow user"
                        + " namespaces; in a container give it the right to make them (docker run --security-opt"
                        + " seccomp=unconfined --security-opt apparmor=unconfined). Tried: " + String.join("; ", tried);
    }

    /** The launcher of an isolation. */
    static Launcher launcher(Isolation isolation) {
        return STRONGEST_FIRST.stream()
                .filter(launcher -> launcher.isolation() == isolation)
                .findFirst()
                .orElseThrow(() -> new SandboxException("programs cannot be run here: they need Linux with the tools of"
                        + " util-linux and coreutils. Tried: " + String.join("; ", found().tried())));
    }

    private static Protection find() {
        List<String> tried = new ArrayList<>();
        for (Launcher launcher : STRONGEST_FIRST) {
            String problem = launcher.problem().orElseGet(() -> Probe.problem(launcher));
            if (problem.isEmpty()) {
                return new Protection(launcher.isolation(), tried);
            }
            tried.add(launcher.isolation() + ": " + problem);
        }
        return new Protection(Isolation.NONE, tried);
    }

    /** The answer, found when it is first asked for. */
    private static final class Found {
        private static final Protection PROTECTION = find();
    }
}
