// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.cpu;

import dev.jacobian.tensor.ComputePool;

/** Divides independent rows among threads when there is enough to do. */
final class Ranges {
    /** Elements of cheap arithmetic (a load, a few operations, a store) from which threads pay off. */
    private static final long PARALLEL = 1 << 16;

    /** Ranges per thread: enough to even out, few enough to cost nothing. */
    private static final int PER_THREAD = 4;

    private Ranges() {}

    /** Work on the half-open range of rows. */
    @FunctionalInterface
    interface Body {
        void run(int from, int to);
    }

    /**
     * Runs {@code body} over [0, rows).
     *
     * @param cost elements per row, weighted by how dear they are
     */
    static void run(int rows, int cost, Body body) {
        int threads = ComputePool.threads();
        if (threads == 1 || rows < 2 || (long) rows * cost < PARALLEL) {
            body.run(0, rows);
            return;
        }
        int tasks = Math.min(rows, threads * PER_THREAD);
        ComputePool.run(
                tasks, task -> body.run((int) ((long) rows * task / tasks), (int) ((long) rows * (task + 1) / tasks)));
    }
}
