// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.sandbox;

/**
 * What a run may use.
 *
 * <p>The processor's time decides whether a program is too slow, because it hardly depends on what else the machine does;
 * time by the clock is there for programs that sleep. The clock stands still while a program waits for a processor that others
 * have, as far as the kernel can say (of threads that live, and up to ten times the limit), so a busy machine turns no right program into a slow one.
 *
 * @param cpuSeconds time of the processor, over all processes and threads
 * @param wallSeconds time by the clock, in which it computes or sleeps
 * @param memoryBytes memory of all its processes together; files that it writes are not counted here but bounded by fileBytes
 * @param outputBytes what it may write to standard output, and as much again to standard error
 * @param processes processes and threads at a time
 * @param fileBytes the size of a file, and of all files that it keeps in its working folder, and again in {@code /tmp}
 */
public record Limits(
        double cpuSeconds, double wallSeconds, long memoryBytes, long outputBytes, int processes, long fileBytes) {
    /** The most processes that may be allowed. */
    static final int MOST_PROCESSES = 1 << 15;

    private static final long MIB = 1L << 20;

    /** 5 s of the processor, 15 s by the clock, 256 MiB of memory, 4 MiB of output, 64 processes, 64 MiB of files. */
    public static final Limits DEFAULT = new Limits(5, 15, 256 * MIB, 4 * MIB, 64, 64 * MIB);

    /** Checks that there is some of everything. */
    public Limits {
        require("cpuSeconds", cpuSeconds, 1e6);
        require("wallSeconds", wallSeconds, 1e6);
        require("memoryBytes", (double) memoryBytes, 0x1p50);
        require("outputBytes", (double) outputBytes, 1 << 30);
        require("processes", processes, MOST_PROCESSES);
        require("fileBytes", (double) fileBytes, 0x1p50);
    }

    private static void require(String name, double value, double most) {
        if (!(value > 0 && value <= most)) {
            throw new IllegalArgumentException(
                    "limit " + name + " must be above 0 and at most " + (long) most + ", got " + value);
        }
    }

    /** Another limit of the processor's time, and by the clock the customary three times as much, at least 5 s more. */
    public Limits withCpu(double seconds) {
        return new Limits(seconds, Math.max(3 * seconds, seconds + 5), memoryBytes, outputBytes, processes, fileBytes);
    }

    /** Another limit by the clock. */
    public Limits withWall(double seconds) {
        return new Limits(cpuSeconds, seconds, memoryBytes, outputBytes, processes, fileBytes);
    }

    /** Another limit of memory. */
    public Limits withMemory(long bytes) {
        return new Limits(cpuSeconds, wallSeconds, bytes, outputBytes, processes, fileBytes);
    }

    /** Another limit of output. */
    public Limits withOutput(long bytes) {
        return new Limits(cpuSeconds, wallSeconds, memoryBytes, bytes, processes, fileBytes);
    }

    /** Another limit of processes. */
    Limits withProcesses(int most) {
        return new Limits(cpuSeconds, wallSeconds, memoryBytes, outputBytes, most, fileBytes);
    }

    /** After how many seconds by the clock a program is ended in any case, however long it waited for a processor. */
    double patienceSeconds() {
        return 10 * wallSeconds + 30;
    }

    /** More time and memory: what a language needs before the program's first line. */
    Limits plus(double cpu, long memory) {
        return new Limits(cpuSeconds + cpu, wallSeconds + cpu, memoryBytes + memory, outputBytes, processes, fileBytes);
    }
}
