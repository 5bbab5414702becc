// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.sandbox;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * A process of the host and all below it, read from {@code /proc}.
 *
 * <p>In a namespace of processes the tree is complete: whoever loses its parent is given to the namespace's process 1, which is part of
 * it. Files of processes that end meanwhile cannot be read; such a process counts as nothing.
 *
 * <p>Kernels say which children a process has where they were built to (CONFIG_PROC_CHILDREN, which nearly all are). Elsewhere
 * the machine's whole table of processes is read for it.
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
    private final boolean childrenAreTold;

    ProcessTree(long root) {
        this(root, Kernel.TELLS_CHILDREN);
    }

    /** @param childrenAreTold whether the kernel says which children a process has */
    ProcessTree(long root, boolean childrenAreTold) {
        this.root = root;
        this.childrenAreTold = childrenAreTold;
    }

    /** What this machine's kernel offers, found when it is first asked for. */
    private static final class Kernel {
        static final boolean TELLS_CHILDREN = Files.exists(PROC.resolve("thread-self/children"));

        static {
            if (!TELLS_CHILDREN) {
                System.getLogger(ProcessTree.class.getName())
                        .log(
                                System.Logger.Level.WARNING,
                                "this kernel does not say which children a process has (CONFIG_PROC_CHILDREN), so the"
                                        + " table of all processes is read to watch a program: limits hold, at a higher"
                                        + " price");
            }
        }
    }

    /** The processes' ids, parents before children. */
    List<Long> members() {
        Map<Long, List<Long>> table = childrenAreTold ? Map.of() : table();
        List<Long> members = new ArrayList<>(List.of(root));
        for (int next = 0; next < members.size() && members.size() < MOST; next++) {
            long pid = members.get(next);
            members.addAll(childrenAreTold ? children(pid) : table.getOrDefault(pid, List.of()));
        }
        return members;
    }

    /** All processes of the machine by their parents. */
    private static Map<Long, List<Long>> table() {
        Map<Long, List<Long>> children = new HashMap<>();
        for (long pid : all()) {
            String[] fields = fields(pid);
            if (fields.length > 1) {
                children.computeIfAbsent(Long.parseLong(fields[1]), parent -> new ArrayList<>())
                        .add(pid);
            }
        }
        return children;
    }

    private static List<Long> all() {
        try (Stream<Path> processes = Files.list(PROC)) {
            return processes
                    .map(process -> process.getFileName().toString())
                    .filter(name -> name.chars().allMatch(Character::isDigit))
                    .map(Long::valueOf)
                    .toList();
        } catch (IOException | UncheckedIOException e) {
            return List.of();
        }
    }

    /** The processes of a user that have not ended, and threads in all. */
    static OfUser ofUser(int user) {
        List<Long> alive = new ArrayList<>();
        int threads = 0;
        for (long pid : all()) {
            String status = text(PROC.resolve(pid + "/status"));
            if (number(status, "Uid:") == user && status.indexOf("\nState:\tZ") < 0) {
                alive.add(pid);
                threads += (int) number(status, "Threads:");
            }
        }
        return new OfUser(alive, threads);
    }

    /**
     * What a user has running.
     *
     * @param processes their ids
     * @param threads of all of them
     */
    record OfUser(List<Long> processes, int threads) {}

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
            String[] fields = fields(pid);
            if (fields.length > 14) {
                for (int i = 11; i < 15; i++) { // utime, stime, and those of children that were waited for
                    ticks += Long.parseLong(fields[i]);
                }
            }
            String status = text(PROC.resolve(pid + "/status"));
            memory += number(status, "RssAnon:") + number(status, "RssShmem:"); // in KiB
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

    /** For how long threads that live wanted a processor and got none, in seconds. */
    double delayedSeconds() {
        double nanos = 0;
        for (long pid : members()) {
            try (Stream<Path> threads = Files.list(PROC.resolve(pid + "/task"))) {
                for (Path thread : (Iterable<Path>) threads::iterator) {
                    String[] times = text(thread.resolve("schedstat")).split(" ", -1);
                    nanos += times.length > 1 ? Double.parseDouble(times[1]) : 0;
                }
            } catch (IOException | UncheckedIOException ended) {
                // then it waits for nothing
            }
        }
        return nanos * 1e-9;
    }

    /** What stands behind the name in a process's stat: state, parent, ... */
    private static String[] fields(long pid) {
        String stat = text(PROC.resolve(pid + "/stat"));
        return stat.substring(stat.lastIndexOf(')') + 1).strip().split(" ", -1);
    }

    private static long number(String status, String name) {
        int at = status.indexOf('\n' + name); // at the beginning of a line: a program names itself in the first one
        if (at < 0) {
            return 0;
        }
        String line = status.substring(at + 1 + name.length(), status.indexOf('\n', at + 1));
        return Long.parseLong(line.strip().split("\\s", -1)[0]);
    }

    private static String text(Path file) {
        try {
            return new String(Files.readAllBytes(file), StandardCharsets.ISO_8859_1);
        } catch (IOException ended) {
            return "";
        }
    }
}
