// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.sandbox;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.locks.LockSupport;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;

/** Sandboxes for tests, which say when they are skipped and why. */
public final class Sandboxes {
    private static final Set<Integer> USERS = new HashSet<>();

    /** Processes that were there before a test's own sandbox: workers of sandboxes which rewards share for as long as the JVM lives. */
    private static final Set<Long> EARLIER = new HashSet<>();

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
            EARLIER.addAll(processesOfRuns().keySet());
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

    /**
     * Live processes of the users that runs of this process get, with their command lines, but those that were there before; where runs have none of their own, we cannot tell them from
     * others, and there are none.
     */
    public static Map<Long, String> processesOfRuns() {
        Map<Long, String> found = new TreeMap<>();
        Users.spare().ifPresent(users -> {
            for (int number = 0; number < 1000; number++) {
                USERS.add(users.user(number));
            }
            try (Stream<Path> processes = Files.list(Path.of("/proc"))) {
                processes
                        .filter(process -> process.getFileName().toString().matches("\\d+"))
                        .filter(process -> isOfARun(text(process.resolve("status"))))
                        .forEach(process -> found.put(
                                Long.parseLong(process.getFileName().toString()), text(process.resolve("cmdline"))));
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        });
        found.keySet().removeAll(EARLIER);
        return found;
    }

    /** The processes of a sandbox in which nothing runs: a warm worker's two, or none. */
    public static Map<Long, String> idle(Walls walls) {
        int expected = walls == Walls.WARM && Users.spare().isPresent() ? 2 : 0;
        Map<Long, String> found = processesOfRuns();
        long deadline = System.nanoTime() + 30_000_000_000L;
        while (found.size() != expected && System.nanoTime() < deadline) {
            LockSupport.parkNanos(5_000_000);
            found = processesOfRuns();
        }
        assertThat(found).hasSize(expected);
        return found;
    }

    /** No run has left any but these. One that was killed may be about to go still: what it holds is given back first. */
    public static void awaitProcessesOfRuns(Map<Long, String> expected) {
        long deadline = System.nanoTime() + 30_000_000_000L;
        while (!processesOfRuns().equals(expected) && System.nanoTime() < deadline) {
            LockSupport.parkNanos(5_000_000);
        }
        assertThat(processesOfRuns()).isEqualTo(expected);
    }

    private static boolean isOfARun(String status) {
        Matcher user = Pattern.compile("Uid:\\s+(\\d+)").matcher(status);
        return user.find() && !status.contains("State:\tZ") && USERS.contains(Integer.parseInt(user.group(1)));
    }

    private static String text(Path file) {
        try {
            return Files.readString(file, StandardCharsets.ISO_8859_1);
        } catch (IOException ended) {
            return "";
        }
    }

    /** Skips the test where a language is missing. */
    public static Language needed(Language language) {
        Optional<String> missing = language.missing();
        Assumptions.assumeTrue(missing.isEmpty(), () -> "skipped: " + missing.orElseThrow());
        return language;
    }
}
