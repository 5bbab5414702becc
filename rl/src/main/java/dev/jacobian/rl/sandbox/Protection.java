// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.sandbox;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * What protects this machine from the programs that a {@link Sandbox} runs: found once, by trying.
 *
 * @param isolation the strongest that works here
 * @param tried why the stronger ones do not, a sentence each
 * @param cold why runs are not forked from a warm worker; empty if they are
 */
public record Protection(Isolation isolation, List<String> tried, Optional<String> cold) {
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

    /** One line: the isolation, what it does not protect from, and whether there are warm workers. */
    public String summary() {
        String workers = cold.map(why -> "no warm workers: " + why).orElse("warm workers");
        return isolation + "; " + String.join("; ", isolation.lacks()) + (isolation.isolates() ? "; " + workers : "");
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
                return new Protection(launcher.isolation(), tried, cold(launcher));
            }
            tried.add(launcher.isolation() + ": " + problem);
        }
        return new Protection(Isolation.NONE, tried, Optional.of("programs cannot be run here"));
    }

    private static Optional<String> cold(Launcher launcher) {
        if (!launcher.isolation().isolates()) {
            return Optional.of("there are none without isolation");
        }
        if (!Boolean.parseBoolean(System.getProperty("jacobian.sandbox.warm", "true"))) {
            return Optional.of("-Djacobian.sandbox.warm=false");
        }
        String problem = new NamespaceLauncher()
                .problem()
                .or(() -> Language.python().missing())
                .orElseGet(() -> Probe.problem(launcher, Sandbox.Workers.WARM_ONLY));
        return problem.isEmpty() ? Optional.empty() : Optional.of(problem);
    }

    /** The answer, found when it is first asked for. */
    private static final class Found {
        private static final Protection PROTECTION = find();
    }
}
