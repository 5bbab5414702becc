// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor;

import static dev.jacobian.tensor.Numbers.normal;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.lang.reflect.Method;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * Kernels allocate nothing per element once they are compiled: a vector that the compiler could not keep in a register is
 * an object of a hundred bytes, and a kernel full of them is ten times too slow without any other sign.
 *
 * <p>A few small objects per call are allowed: they describe parallel work.
 */
class AllocationTest {
    private static final int CALLS = 200;

    /** How long to wait for the compiler, in nanoseconds. */
    private static final long PATIENCE = 15_000_000_000L;

    private final Backend cpu = Backends.cpu();
    private final Rng rng = new Rng(40, 0);
    private final int threads = ComputePool.threads();

    @BeforeEach
    void oneThread() {
        assumeTrue(cpu.name().startsWith("vector"), "the reference backend allocates freely");
        ComputePool.setThreads(1);
    }

    @AfterEach
    void restoreThreads() {
        ComputePool.setThreads(threads);
    }

    /** Bytes that this thread has allocated. Through reflection, so that the module needs no java.management for a test. */
    private static long allocatedBytes() {
        try {
            Object bean = Class.forName("java.lang.management.ManagementFactory")
                    .getMethod("getThreadMXBean")
                    .invoke(null);
            Method bytes = Class.forName("com.sun.management.ThreadMXBean").getMethod("getCurrentThreadAllocatedBytes");
            return (long) bytes.invoke(bean);
        } catch (ReflectiveOperationException absent) {
            return assumeUnavailable(absent);
        }
    }

    private static long assumeUnavailable(Exception reason) {
        assumeTrue(false, "this JVM does not count allocated bytes: " + reason);
        return 0;
    }

    private static void assertAllocatesAtMost(long bytesPerCall, String what, Runnable call) {
        long perCall = Long.MAX_VALUE;
        // The compiler works in the background.
        long deadline = System.nanoTime() + PATIENCE;
        while (perCall > bytesPerCall && System.nanoTime() < deadline) {
            for (int i = 0; i < CALLS; i++) {
                call.run();
            }
            long before = allocatedBytes();
            for (int i = 0; i < CALLS; i++) {
                call.run();
            }
            perCall = (allocatedBytes() - before) / CALLS;
        }
        assertThat(perCall).as("bytes per call of " + what).isLessThanOrEqualTo(bytesPerCall);
    }

    @Test
    void matrixProducts() {
        for (int m : new int[] {1, 4, 37}) {
            Tensor a = normal(rng, m, 64);
            Tensor b = normal(rng, 64, 70);
            Tensor out = Tensor.zeros(m, 70);
            PackedMatrix packed = cpu.matrices().pack(b);
            assertAllocatesAtMost(
                    256, "matmul with " + m + " rows", () -> cpu.matrices().matmul(a, b, out, false));
            assertAllocatesAtMost(
                    256,
                    "packed matmul with " + m + " rows",
                    () -> cpu.matrices().matmul(a, packed, out, true));
            Tensor dOut = normal(rng, m, 70);
            Tensor dB = Tensor.zeros(64, 70);
            // t() itself makes a view
            assertAllocatesAtMost(512, "transposed matmul", () -> cpu.matrices().matmul(a.t(), dOut, dB, true));
        }
    }

    @Test
    void batchesOfMatrixProducts() {
        int batch = 10;
        Tensor a = normal(rng, batch, 17, 30);
        Tensor b = normal(rng, batch, 30, 21);
        Tensor out = Tensor.zeros(batch, 17, 21);
        // three views of each matrix, of 128 bytes each
        assertAllocatesAtMost(
                256 + batch * 3 * 128, "batchedMatmul", () -> cpu.matrices().batchedMatmul(a, b, out, false));
    }

    @Test
    void matrixProductsInEveryWeightFormat() {
        for (WeightFormat format : WeightFormat.made()) {
            PackedMatrix packed = cpu.matrices().pack(normal(rng, 70, 150), format);
            for (int m : new int[] {1, 4, 37}) {
                Tensor a = normal(rng, m, 70);
                Tensor out = Tensor.zeros(m, 150);
                assertAllocatesAtMost(
                        256,
                        format + " matmul with " + m + " rows",
                        () -> cpu.matrices().matmul(a, packed, out, false));
            }
        }
    }

    @Test
    void matrixProductsWithBlocksOfAFile() {
        for (WeightFormat format : List.of(WeightFormat.Q4_K, WeightFormat.Q6_K)) {
            PackedMatrix packed = cpu.matrices().pack(RandomBlocks.of(format, rng, 150, 512));
            for (int m : new int[] {1, 4, 37}) {
                Tensor a = normal(rng, m, 512);
                Tensor out = Tensor.zeros(m, 150);
                assertAllocatesAtMost(
                        256,
                        format + " matmul with " + m + " rows",
                        () -> cpu.matrices().matmul(a, packed, out, false));
            }
        }
    }

    @Test
    void rows() {
        Tensor x = normal(rng, 20, 77);
        Tensor y = normal(rng, 20, 77);
        Tensor out = Tensor.zeros(20, 77);
        Tensor more = Tensor.zeros(20, 77);
        Tensor weight = normal(rng, 77);
        Tensor dWeight = Tensor.zeros(77);
        Tensor r = Tensor.zeros(20);
        assertAllocatesAtMost(256, "add", () -> cpu.elementwise().add(x, y, out));
        assertAllocatesAtMost(256, "addRow", () -> cpu.elementwise().addRow(x, weight, out));
        assertAllocatesAtMost(256, "sumRowsInto", () -> cpu.elementwise().sumRowsInto(x, dWeight));
        assertAllocatesAtMost(256, "sumOfSquares", () -> cpu.elementwise().sumOfSquares(x));
        assertAllocatesAtMost(256, "rmsNorm", () -> cpu.norms().rmsNorm(x, weight, 1e-5f, out, r));
        assertAllocatesAtMost(256, "rmsNormBackward", () -> cpu.norms().rmsNormBackward(y, x, weight, r, out, dWeight));
        assertAllocatesAtMost(256, "swiGlu", () -> cpu.activations().swiGlu(x, y, out));
        assertAllocatesAtMost(256, "swiGluBackward", () -> cpu.activations().swiGluBackward(x, y, x, out, more));
        Tensor squares = Tensor.zeros(20, 77);
        AdamWStep step = new AdamWStep(1f, 1f, 0.9f, 0.99f, 1e-6f, 1f, 1e-8f);
        assertAllocatesAtMost(256, "adamW", () -> cpu.optimizer().adamW(out, x, more, squares, step));
    }

    @Test
    void geluAndLayerNorm() {
        Tensor x = normal(rng, 20, 77);
        Tensor y = normal(rng, 20, 77);
        Tensor out = Tensor.zeros(20, 77);
        Tensor more = Tensor.zeros(20, 77);
        for (GeluForm form : GeluForm.values()) {
            assertAllocatesAtMost(256, form + " gelu", () -> cpu.activations().gelu(x, form, out));
            assertAllocatesAtMost(
                    256, form + " geGluBackward", () -> cpu.activations().geGluBackward(y, x, y, form, out, more));
        }
        Tensor weight = normal(rng, 77);
        Tensor dWeight = Tensor.zeros(77);
        Tensor means = Tensor.zeros(20);
        Tensor r = normal(rng, 20);
        assertAllocatesAtMost(256, "layerNorm", () -> cpu.norms().layerNorm(x, weight, weight, 1e-5f, out, means, r));
        assertAllocatesAtMost(
                256, "layerNormBackward", () -> cpu.norms().layerNormBackward(y, x, weight, means, r, out, dWeight));
    }

    @Test
    void experts() {
        Tensor logits = normal(rng, 20, 16);
        Tensor chosen = Tensor.of(new int[40], 20, 2);
        Tensor weights = Tensor.zeros(20, 2);
        Tensor dLogits = Tensor.zeros(20, 16);
        assertAllocatesAtMost(256, "route", () -> cpu.experts().route(logits, true, chosen, weights));
        assertAllocatesAtMost(
                256, "routeBackward", () -> cpu.experts().routeBackward(logits, true, chosen, weights, dLogits));
        ExpertOrder order = ExpertOrder.of(chosen, 16);
        cpu.experts().order(chosen, order);
        Tensor rows = normal(rng, 40, 77);
        Tensor out = Tensor.zeros(20, 77);
        assertAllocatesAtMost(256, "combine", () -> cpu.experts().combine(rows, order, weights, out));
        assertAllocatesAtMost(
                256, "combineBackward", () -> cpu.experts().combineBackward(out, rows, order, weights, rows, weights));
    }

    @Test
    void rotary() {
        Tensor x = normal(rng, 6, 2 * 48);
        Tensor cos = normal(rng, 9, 24);
        int[] positions = {0, 1, 2, 3, 4, 8};
        Tensor out = Tensor.zeros(6, 2 * 48);
        assertAllocatesAtMost(
                256, "rotary", () -> cpu.positions().rotary(x, RotaryForm.whole(48), cos, cos, positions, false, out));
    }

    @Test
    void softmax() {
        Tensor logits = normal(rng, 8, 131);
        int[] targets = {0, 1, 2, 3, 4, 5, 6, 130};
        Tensor row = Tensor.zeros(8);
        Tensor entropy = Tensor.zeros(8);
        Tensor stats = Tensor.zeros(8, 2);
        assertAllocatesAtMost(256, "logProbs", () -> cpu.softmax().logProbs(logits, 1f, targets, row, entropy, stats));
        assertAllocatesAtMost(
                256, "logProbsBackward", () -> cpu.softmax().logProbsBackward(logits, 1f, targets, row, stats));
    }

    @Test
    void attention() {
        Segments segments = Segments.of(19, 30);
        Tensor q = normal(rng, 49, 4 * 24);
        Tensor k = normal(rng, 49, 2 * 24);
        KvCache cache = cpu.attention().newKvCache(1, 2, 24);
        int[] sequences = {cache.add(), cache.add()};
        cache.append(0, sequences, segments, k, k);
        Tensor out = Tensor.zeros(49, 4 * 24);
        Tensor stats = Tensor.zeros(49, 4, 2);
        Tensor dQ = Tensor.zeros(49, 4 * 24);
        Tensor dK = Tensor.zeros(49, 2 * 24);
        Tensor dV = Tensor.zeros(49, 2 * 24);
        assertAllocatesAtMost(
                256,
                "attention",
                () -> cpu.attention()
                        .attention(
                                q,
                                new CachedRows(cache, 0, sequences, segments),
                                new AttentionForm(24, 0.2f, 0),
                                out,
                                stats));
        // one description of the work per call and per family
        assertAllocatesAtMost(
                1024,
                "attentionBackward",
                () -> cpu.attention()
                        .attentionBackward(
                                q,
                                new Qkv(q, k, k),
                                out,
                                stats,
                                segments,
                                new AttentionForm(24, 0.2f, 0),
                                new Qkv(dQ, dK, dV)));
    }
}
