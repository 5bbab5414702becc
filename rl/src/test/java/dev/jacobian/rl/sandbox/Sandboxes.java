// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.sandbox;

import java.util.Optional;
import org.junit.jupiter.api.Assumptions;

/** Sandboxes for tests, which say when they are skipped and why. */
public final class Sandboxes {
    private Sandboxes() {}

    /** Every way to put up walls. What one promises all do. */
    public enum Walls {
        BUBBLEWRAP(Isolation.BUBBLEWRAP, Sandbox.Workers.COLD),
        NAMESPACES(Isolation.NAMESPACES, Sandbox.Workers.COLD),
        WARM(Isolation.NAMESPACES, Sandbox.Workers.WARM_ONLY);

        private final Isolation isolation;
        private final Sandbox.Workers workers;

        Walls(Isolation isolation, Sandbox.Workers workers) {
            this.isolation = isolation;
            this.workers = workers;
        }

        /** A sandbox; the test is skipped where it does not work. */
        public Sandbox open() {
            Launcher launcher = Protection.launcher(isolation);
            String problem = workers == Sandbox.Workers.COLD
                    ? launcher.problem().orElseGet(() -> Probe.problem(launcher))
                    : Protection.found().cold().orElse("");
            Assumptions.assumeTrue(problem.isEmpty(), () -> "skipped: " + this + ": " + problem);
            return new Sandbox(launcher, Runtime.getRuntime().availableProcessors(), workers);
        }
    }

    /** The one that this machine's runs get; the test is skipped where there is none. */
    public static Sandbox isolated() {
        Protection protection = Protection.found();
        Assumptions.assumeTrue(
                protection.isolation().isolates(), () -> "skipped: no isolation here. " + protection.advice());
        return Sandbox.open(true);
    }

    /** Skips the test where a language is missing. */
    public static Language needed(Language language) {
        Optional<String> missing = language.missing();
        Assumptions.assumeTrue(missing.isEmpty(), () -> "skipped: " + missing.orElseThrow());
        return language;
    }
}
