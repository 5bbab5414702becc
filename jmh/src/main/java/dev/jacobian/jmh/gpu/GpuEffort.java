// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.jmh.gpu;

/**
 * How long a case is measured; the same numbers as in the peers' {@code measure.py}.
 *
 * @param rounds of which the median counts
 * @param seconds that a round lasts at least, filled with calls
 * @param slowRounds rounds of a call that takes longer than {@value #SLOW} seconds
 * @param tiny toy shapes, each call once: proves that the code runs and measures nothing
 */
record GpuEffort(int rounds, double seconds, int slowRounds, boolean tiny) {
    static final double SLOW = 5;

    static final GpuEffort FULL = new GpuEffort(7, 0.4, 3, false);
    static final GpuEffort QUICK = new GpuEffort(3, 0.1, 1, false);
    static final GpuEffort TINY = new GpuEffort(1, 0, 1, true);

    /** Calls of a round, given the time of one. */
    int calls(double once) {
        return tiny ? 1 : (int) Math.clamp(seconds / Math.max(once, 1e-9), 1, 1_000_000);
    }

    int rounds(double once) {
        return once < SLOW ? rounds : slowRounds;
    }
}
