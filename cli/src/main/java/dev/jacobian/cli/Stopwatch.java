// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cli;

/** Times short work as the best of many repetitions: an estimate for orientation, not a benchmark. */
final class Stopwatch {
    private static final int MIN_REPETITIONS = 3;

    private Stopwatch() {}

    /** Seconds of the fastest repetition; the first ones, before the JIT has done its work, are a thousand times slower. */
    static double best(double seconds, Runnable body) {
        long end = System.nanoTime() + (long) (seconds * 1e9);
        long best = Long.MAX_VALUE;
        int repetitions = 0;
        do {
            long start = System.nanoTime();
            body.run();
            best = Math.min(best, System.nanoTime() - start);
            repetitions++;
        } while (System.nanoTime() < end || repetitions < MIN_REPETITIONS);
        return best * 1e-9;
    }
}
