// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cli;

import dev.jacobian.tensor.Backends;
import dev.jacobian.tensor.ComputePool;

/**
 * The two limits of a number of threads (Williams, Waterman and Patterson, "Roofline", 2009): work of {@code operations} on
 * {@code bytes} takes at least as long as the arithmetic alone and as the memory alone.
 *
 * @param threads how many work
 * @param flopsPerSecond fused multiply-adds between registers, counted as two operations each
 * @param bytesPerSecond memory read in a row
 */
record Roofline(int threads, double flopsPerSecond, double bytesPerSecond) {
    /** Measures both limits with the threads that {@link ComputePool} has. */
    static Roofline measure() {
        double flops =
                Backends.cpu().name().startsWith("vector") ? VectorProbe.flopsPerSecond() : ThroughputProbe.flops();
        return new Roofline(ComputePool.threads(), flops, ThroughputProbe.bandwidth());
    }

    /** Seconds that the work takes at least. */
    double seconds(double operations, double bytes) {
        return Math.max(operations / flopsPerSecond, bytes / bytesPerSecond);
    }

    /** Whether arithmetic is the limit of the work, rather than memory. */
    boolean isComputeBound(double operations, double bytes) {
        return operations / flopsPerSecond >= bytes / bytesPerSecond;
    }
}
