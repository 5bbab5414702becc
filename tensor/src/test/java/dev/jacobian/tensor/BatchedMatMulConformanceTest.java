// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor;

import static dev.jacobian.tensor.Numbers.assertSameBits;
import static dev.jacobian.tensor.Numbers.normal;
import static dev.jacobian.tensor.Numbers.stridedBatch;
import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Batches of matrix products of the tested backend against the reference, bit for bit. */
class BatchedMatMulConformanceTest {
    private final Backend tested = TestedBackend.get();
    private final Backend reference = Backends.reference();
    private final int threads = ComputePool.threads();

    @AfterEach
    void restoreThreads() {
        ComputePool.setThreads(threads);
    }

    /** Into results that lie apart; what is between them must stay as it is. */
    private void check(Tensor a, Tensor b, boolean accumulate, Rng rng) {
        int batch = a.extent(0);
        int m = a.extent(1);
        int n = b.extent(2);
        Tensor expected = normal(rng, batch, m + rng.nextInt(2), n);
        Tensor actual = expected.copy();
        reference.matrices().batchedMatmul(a, b, expected.slice(1, 0, m), accumulate);
        tested.matrices().batchedMatmul(a, b, actual.slice(1, 0, m), accumulate);
        assertSameBits(
                actual,
                expected,
                tested.name() + " " + a.shape() + " x " + b.shape() + ", strides " + strides(a) + " and " + strides(b)
                        + (accumulate ? ", accumulating" : ""));
    }

    private static String strides(Tensor x) {
        return x.stride(0) + "," + x.stride(1) + "," + x.stride(2);
    }

    @Test
    void everyTailOfRowsAndColumns() {
        Rng rng = new Rng(1, 1);
        for (int m : new int[] {0, 1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 20}) {
            for (int n : new int[] {0, 1, 3, 4, 5, 8, 9, 15, 16, 17, 31, 32, 33, 47, 48, 49, 65}) {
                int batch = 1 + rng.nextInt(3);
                check(
                        stridedBatch(rng, batch, m, 5, false),
                        stridedBatch(rng, batch, 5, n, false),
                        rng.nextInt(2) == 0,
                        rng);
            }
        }
    }

    @Test
    void everyShortSumAndBatch() {
        Rng rng = new Rng(2, 1);
        for (int k = 0; k <= 40; k++) {
            check(stridedBatch(rng, k % 6, 9, k, false), stridedBatch(rng, k % 6, k, 21, false), k % 2 == 0, rng);
        }
    }

    /** Many small matrices, and few that are worth all threads each. */
    @ParameterizedTest
    @CsvSource({"70,7,9,11", "200,1,5,3", "33,1,64,64", "24,33,40,20", "3,129,130,131", "2,1,1500,1500"})
    void anyNumberOfThreads(int batch, int m, int n, int k) {
        Rng rng = new Rng(3, batch);
        for (int count : new int[] {1, 2, 3}) {
            ComputePool.setThreads(count);
            Tensor a = stridedBatch(rng, batch, m, k, false);
            Tensor b = stridedBatch(rng, batch, k, n, false);
            check(a, b, false, rng);
            check(a, b, true, rng);
        }
    }

    @Test
    void notANumberAndInfinitiesGoWhereTheyBelong() {
        Rng rng = new Rng(4, 1);
        for (int i = 0; i < 40; i++) {
            int batch = 1 + rng.nextInt(4);
            int m = 1 + rng.nextInt(20);
            int n = 1 + rng.nextInt(40);
            int k = rng.nextInt(30);
            check(stridedBatch(rng, batch, m, k, true), stridedBatch(rng, batch, k, n, true), i % 2 == 0, rng);
        }
    }

    @Test
    void aMatrixDoesNotDependOnItsBatch() {
        Rng rng = new Rng(5, 1);
        Tensor a = normal(rng, 40, 20, 33); // [B, M, K]
        Tensor b = normal(rng, 40, 33, 18); // [B, K, N]
        Tensor together = Tensor.zeros(40, 20, 18); // [B, M, N]
        tested.matrices().batchedMatmul(a, b, together, false);
        for (int i = 0; i < 40; i += 13) {
            Tensor alone = Tensor.zeros(1, 20, 18); // [1, M, N]
            tested.matrices().batchedMatmul(a.slice(0, i, i + 1), b.slice(0, i, i + 1), alone, false);
            assertSameBits(alone, together.slice(0, i, i + 1), "batch of one, matrix " + i);
            Tensor product = Tensor.zeros(20, 18); // [M, N]
            tested.matrices().matmul(a.select(0, i), b.select(0, i), product, false);
            assertSameBits(product, together.select(0, i), "product of matrices, matrix " + i);
        }
    }

    /** The generator of views: in a test of strides, what it makes must be what it says. */
    @Test
    void viewsComeInEveryOrderOfDimensions() {
        Rng rng = new Rng(6, 1);
        int[] densest = new int[3];
        for (int i = 0; i < 60; i++) {
            Tensor x = stridedBatch(rng, 3, 4, 5, false);
            assertThat(x.shape()).isEqualTo(Shape.of(3, 4, 5));
            for (int d = 0; d < 3; d++) {
                densest[d] += x.stride(d) == 1 ? 1 : 0;
            }
        }
        assertThat(densest).doesNotContain(0);
        assertThat(densest[0] + densest[1] + densest[2]).isEqualTo(60);
    }
}
