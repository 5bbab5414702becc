// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cli;

import dev.jacobian.tensor.Backend;
import dev.jacobian.tensor.Backends;
import dev.jacobian.tensor.ComputePool;
import dev.jacobian.tensor.PackedMatrix;
import dev.jacobian.tensor.Tensor;
import java.util.function.IntConsumer;

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
    private static final int SIZE = 256;
    private static final int MAX_FLOATS = 32 << 20; // 128 MiB: larger than any cache
    private static final int CHUNK = 1 << 16; // floats per task

    static ThroughputProbe measure() {
        return new ThroughputProbe(bandwidth(), flops());
    }

    /** Bytes per second that the threads read together. */
    static double bandwidth() {
        int floats = (int) Math.min(MAX_FLOATS, Runtime.getRuntime().maxMemory() / 16 / Float.BYTES);
        float[] data = new float[floats / CHUNK * CHUNK];
        int tasks = data.length / CHUNK;
        float[] sums = new float[tasks]; // stored, so that the sums cannot be optimised away
        IntConsumer read = Backends.cpu().name().startsWith("vector")
                ? task -> sums[task] = VectorProbe.read(data, task * CHUNK, CHUNK)
                : task -> sums[task] = read(data, task * CHUNK);
        return (double) Float.BYTES * data.length / Stopwatch.best(0.7, () -> ComputePool.run(tasks, read));
    }

    private static float read(float[] data, int from) {
        float sum0 = 0;
        float sum1 = 0;
        float sum2 = 0;
        float sum3 = 0;
        for (int i = from; i < from + CHUNK; i += 4) {
            sum0 += data[i];
            sum1 += data[i + 1];
            sum2 += data[i + 2];
            sum3 += data[i + 3];
        }
        return sum0 + sum1 + sum2 + sum3;
    }

    /** Floating-point operations per second of one product of moderate size. */
    static double flops() {
        Backend backend = Backends.cpu();
        Tensor a = Tensor.zeros(SIZE, SIZE);
        Tensor out = Tensor.zeros(SIZE, SIZE);
        a.fill(0.5f);
        PackedMatrix b = backend.matrices().pack(a);
        double best = Stopwatch.best(2, () -> backend.matrices().matmul(a, b, out, false));
        return 2.0 * SIZE * SIZE * SIZE / best;
    }
}
