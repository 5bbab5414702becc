// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.sandbox;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * A process of the host and all below it, read from {@code /proc}.
 *
 * <p>In a namespace of processes the tree is complete: whoever loses its parent is given to the namespace's process 1, which is part of
 * it. Files of processes that end meanwhile cannot be read; such a process counts as nothing.
 */
final class ProcessTree {
    private static final Path PROC = Path.of("/proc");
    private static final double TICKS_PER_SECOND = 100; // what Linux tells programs, whatever it counts in
    private static final int MOST = 4096; // processes looked at; limits end far below

    /**
     * What a tree used.
     *
     * @param cpuSeconds of all that live, and of all that ended and were waited for
     * @param memoryBytes held in no file of the host: private memory and what processes share
     */
    record Usage(double cpuSeconds, long memoryBytes) {}

    private final long root;

    ProcessTree(long root) {
        this.root = root;
    }

    /** The processes' ids, parents before children. */
    List<Long> members() {
        List<Long> members = new ArrayList<>(List.of(root));
        for (int next = 0; next < members.size() && members.size() < MOST; next++) {
            members.addAll(children(members.get(next)));
        }
        return members;
    }

    private static List<Long> children(long pid) {
        List<Long> children = new ArrayList<>();
        try (Stream<Path> threads = Files.list(PROC.resolve(pid + "/task"))) {
            threads.forEach(thread -> {
                for (String child : text(thread.resolve("children")).split(" ", -1)) {
                    if (!child.isBlank()) {
                        children.add(Long.parseLong(child.strip()));
                    }
                }
            });
        } catch (IOException | UncheckedIOException ended) {
            return children;
        }
        return children;
    }

    /** What all of them used by now. */
    Usage usage() {
        double ticks = 0;
        long memory = 0;
        for (long pid : members()) {
            String stat = text(PROC.resolve(pid + "/stat"));
            String[] fields = stat.substring(stat.lastIndexOf(')') + 1).strip().split(" ", -1);
            if (fields.length > 14) {
                for (int i = 11; i < 15; i++) { // utime, stime, and those of children that were waited for
                    ticks += Long.parseLong(fields[i]);
                }
            }
            String status = text(PROC.resolve(pid + "/status"));
            memory += kibibytes(status, "RssAnon:") + kibibytes(status, "RssShmem:");
        }
        return new Usage(ticks / TICKS_PER_SECOND, memory << 10);
    }

    /** The process that is number 1 of a namespace of its own: when it ends, so does everything in there. */
    Optional<Long> first() {
        return members().stream()
                .filter(pid -> text(PROC.resolve(pid + "/status"))
                        .lines()
                        .filter(line -> line.startsWith("NSpid:"))
                        .map(line -> line.split("\\s+", -1))
                        .anyMatch(ids -> ids.length > 2 && ids[ids.length - 1].equals("1")))
                .findFirst();
    }

    private static long kibibytes(String status, String name) {
        int at = status.indexOf('\n' + name); // at the beginning of a line: a program names itself in the first one
        if (at < 0) {
            return 0;
        }
        String line = status.substring(at + 1 + name.length(), status.indexOf('\n', at + 1));
        return Long.parseLong(line.replace("kB", "").strip());
    }

    private static String text(Path file) {
        try {
            return new String(Files.readAllBytes(file), StandardCharsets.ISO_8859_1);
        } catch (IOException ended) {
            return "";
        }
    }
}
