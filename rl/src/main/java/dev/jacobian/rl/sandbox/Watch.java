// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.sandbox;

import java.util.Optional;
import java.util.concurrent.TimeUnit;

/** Holds a running sandbox to its limits: looks every few milliseconds at what its processes use, and ends them all. */
final class Watch {
    private static final int PERIOD_MILLIS = 8;
    private static final int GRACE_MILLIS = 2000; // for the kernel to end what was killed

    private final Process process;
    private final ProcessTree tree;
    private final Limits limits;
    private final Captured stdout;
    private final Captured stderr;
    private final long start = System.nanoTime();
    private double cpuSeconds;
    private long peakMemory;

    Watch(Process process, Limits limits, Captured stdout, Captured stderr) {
        this.process = process;
        this.tree = new ProcessTree(process.pid());
        this.limits = limits;
        this.stdout = stdout;
        this.stderr = stderr;
    }

    /**
     * Waits for the end.
     *
     * @return the limit for which it was ended; empty if it ended by itself
     * @throws InterruptedException if we were; the sandbox has been ended then
     */
    Optional<Ending> await() throws InterruptedException {
        try {
            while (!process.waitFor(PERIOD_MILLIS, TimeUnit.MILLISECONDS)) {
                Optional<Ending> limit = exceeded();
                if (limit.isPresent()) {
                    kill();
                    return limit;
                }
            }
            return stdout.exceeded() || stderr.exceeded() ? Optional.of(Ending.OUTPUT_LIMIT) : Optional.empty();
        } catch (InterruptedException | RuntimeException e) { // nobody watches any more
            killUninterrupted();
            throw e;
        }
    }

    private Optional<Ending> exceeded() {
        ProcessTree.Usage usage = tree.usage();
        cpuSeconds = Math.max(cpuSeconds, usage.cpuSeconds());
        peakMemory = Math.max(peakMemory, usage.memoryBytes());
        if (cpuSeconds > limits.cpuSeconds()) {
            return Optional.of(Ending.CPU_LIMIT);
        }
        double wall = wallSeconds();
        if (wall > limits.patienceSeconds()
                || wall > limits.wallSeconds() && wall - tree.delayedSeconds() > limits.wallSeconds()) {
            return Optional.of(Ending.WALL_LIMIT);
        }
        if (usage.memoryBytes() > limits.memoryBytes()) {
            return Optional.of(Ending.MEMORY_LIMIT);
        }
        return stdout.exceeded() || stderr.exceeded() ? Optional.of(Ending.OUTPUT_LIMIT) : Optional.empty();
    }

    /**
     * Ends the namespace's first process, with which the kernel ends all others, and then lets the tools around it end by themselves, so that each
     * process is waited for by its parent. Where there is no such process, or it takes too long, whoever is there is ended.
     */
    private void kill() throws InterruptedException {
        Optional<Long> first = tree.first();
        first.ifPresent(Watch::destroy);
        if (first.isPresent() && process.waitFor(GRACE_MILLIS, TimeUnit.MILLISECONDS)) {
            return;
        }
        long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(GRACE_MILLIS);
        do {
            tree.members().forEach(Watch::destroy);
        } while (!process.waitFor(20, TimeUnit.MILLISECONDS) && System.nanoTime() < deadline);
        if (process.isAlive()) {
            throw new SandboxException("a program did not end " + 2 * GRACE_MILLIS + " ms after it was killed");
        }
    }

    private void killUninterrupted() {
        boolean interrupted = Thread.interrupted();
        try {
            kill();
        } catch (InterruptedException again) {
            tree.members().forEach(Watch::destroy);
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private static void destroy(long pid) {
        ProcessHandle.of(pid).ifPresent(ProcessHandle::destroyForcibly);
    }

    double cpuSeconds() {
        return cpuSeconds;
    }

    double wallSeconds() {
        return (System.nanoTime() - start) * 1e-9;
    }

    long peakMemory() {
        return peakMemory;
    }
}
