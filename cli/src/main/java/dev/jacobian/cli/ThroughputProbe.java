// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cli;

import dev.jacobian.tensor.Backend;
import dev.jacobian.tensor.Backends;
import dev.jacobian.tensor.ComputePool;
import dev.jacobian.tensor.PackedMatrix;
import dev.jacobian.tensor.Tensor;

/**
 * Two short measurements of a machine: how fast memory is read, which bounds token-by-token decoding, and how fast matrices
 * are multiplied, which bounds prompts and training.
 *
 * <p>The best of many repetitions within seconds: an estimate for orientation, not a benchmark.
 *
 * @param bytesPerSecond memory read, all threads together
 * @param flopsPerSecond F32 floating-point operations of a 256 x 256 x 256 product, all threads together
 */
record ThroughputProbe(double bytesPerSecond, double flopsPerSecond) {
    private static final int MIN_REPETITIONS = 3;
    private static final int SIZE = 256;
    private static final int MAX_INTS = 32 << 20; // 128 MiB: larger than any cache
    private static final int CHUNK = 1 << 16; // ints per task

    static ThroughputProbe measure() {
        return new ThroughputProbe(bandwidth(), flops());
    }

    private static double bandwidth() {
        int ints = (int) Math.min(MAX_INTS, Runtime.getRuntime().maxMemory() / 16 / Integer.BYTES);
        int[] data = new int[ints / CHUNK * CHUNK];
        int tasks = data.length / CHUNK;
        int[] sums = new int[tasks]; // stored, so that the sums cannot be optimised away
        double best = best(0.5, () -> ComputePool.run(tasks, task -> sums[task] = sum(data, task * CHUNK)));
        return (double) Integer.BYTES * data.length / best;
    }

    /** The JIT turns this into vector code, which floats, whose order of additions it must keep, would forbid. */
    private static int sum(int[] data, int from) {
        int sum = 0;
        for (int i = from; i < from + CHUNK; i++) {
            sum += data[i];
        }
        return sum;
    }

    private static double flops() {
        Backend backend = Backends.cpu();
        Tensor a = Tensor.zeros(SIZE, SIZE);
        Tensor out = Tensor.zeros(SIZE, SIZE);
        a.fill(0.5f);
        PackedMatrix b = backend.pack(a);
        double best = best(2, () -> backend.matmul(a, b, out, false));
        return 2.0 * SIZE * SIZE * SIZE / best;
    }

    /** Seconds of the fastest repetition; the first ones, before the JIT has done its work, are a thousand times slower. */
    private static double best(double seconds, Runnable body) {
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
