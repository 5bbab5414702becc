// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor;

import static dev.jacobian.tensor.Numbers.assertSameBits;
import static dev.jacobian.tensor.Numbers.normal;
import static dev.jacobian.tensor.Numbers.strided;
import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Matrix products of the tested backend against the reference, bit for bit. */
class MatMulConformanceTest {
    private final Backend tested = TestedBackend.get();
    private final Backend reference = Backends.reference();
    private final int threads = ComputePool.threads();

    @AfterEach
    void restoreThreads() {
        ComputePool.setThreads(threads);
    }

    @Test
    void theWidthIsTheOneAskedFor() {
        Assumptions.assumeTrue(TestedBackend.isCpu(), "a GPU has no vector width");
        String bits = System.getProperty("jacobian.vector.bits");
        assertThat(tested.name())
                .isEqualTo(bits == null ? tested.name() : "vector-" + bits)
                .startsWith("vector-");
    }

    private void check(Tensor a, Tensor b, boolean accumulate, Rng rng) {
        Tensor expected = normal(rng, a.extent(0), b.extent(1));
        Tensor actual = expected.copy();
        Tensor packed = expected.copy();
        String what =
                tested.name() + " [" + a.extent(0) + ", " + a.extent(1) + "] x [" + b.extent(0) + ", " + b.extent(1)
                        + "], strides " + a.stride(0) + "," + a.stride(1) + " and " + b.stride(0) + "," + b.stride(1)
                        + (accumulate ? ", accumulating" : "");
        reference.matrices().matmul(a, b, expected, accumulate);
        tested.matrices().matmul(a, b, actual, accumulate);
        tested.matrices().matmul(a, tested.matrices().pack(b), packed, accumulate);
        assertSameBits(actual, expected, what);
        assertSameBits(packed, expected, what + ", packed");
    }

    @Test
    void everyTailOfRowsAndColumns() {
        Rng rng = new Rng(1, 0);
        for (int m = 0; m <= 20; m++) {
            for (int n : new int[] {0, 1, 3, 4, 5, 7, 8, 9, 15, 16, 17, 23, 31, 32, 33, 47, 48, 49, 63, 64, 65, 97}) {
                check(strided(rng, m, 5, false), strided(rng, 5, n, false), rng.nextInt(2) == 0, rng);
            }
        }
    }

    @Test
    void everyShortSum() {
        Rng rng = new Rng(2, 0);
        for (int k = 0; k <= 40; k++) {
            check(strided(rng, 9, k, false), strided(rng, k, 50, false), k % 2 == 0, rng);
        }
    }

    @ParameterizedTest
    @CsvSource({"3,400,3000", "130,70,300", "97,1,513", "1,200,1000", "200,100,257", "64,64,1024", "8,1700,700"})
    void blocksOfEverySide(int m, int n, int k) {
        Rng rng = new Rng(3, m);
        for (int count : new int[] {1, 2, 3}) {
            ComputePool.setThreads(count);
            check(strided(rng, m, k, false), strided(rng, k, n, false), false, rng);
            check(strided(rng, m, k, false), strided(rng, k, n, false), true, rng);
        }
    }

    @Test
    void notANumberAndInfinitiesGoWhereTheyBelong() {
        Rng rng = new Rng(4, 0);
        for (int i = 0; i < 60; i++) {
            int m = 1 + rng.nextInt(30);
            int n = 1 + rng.nextInt(70);
            int k = rng.nextInt(40);
            check(strided(rng, m, k, true), strided(rng, k, n, true), i % 2 == 0, rng);
        }
    }

    @Test
    void aRowDoesNotDependOnItsBatch() {
        Rng rng = new Rng(5, 0);
        Tensor a = normal(rng, 300, 320);
        Tensor b = normal(rng, 320, 130);
        PackedMatrix packed = tested.matrices().pack(b);
        Tensor together = Tensor.zeros(300, 130);
        tested.matrices().matmul(a, b, together, false);
        Tensor alone = Tensor.zeros(1, 130);
        for (int row = 0; row < 300; row += 37) {
            tested.matrices().matmul(a.slice(0, row, row + 1), packed, alone, false);
            assertSameBits(alone, together.slice(0, row, row + 1), "row " + row);
        }
    }

    @Test
    void coldAndHotGiveTheSameBits() {
        Rng rng = new Rng(6, 0);
        Tensor a = normal(rng, 13, 70);
        Tensor b = normal(rng, 70, 77);
        PackedMatrix packed = tested.matrices().pack(b);
        Tensor expected = Tensor.zeros(13, 77);
        reference.matrices().matmul(a, b, expected, false);
        Tensor out = Tensor.zeros(13, 77);
        for (int call = 0; call < 20_000; call++) {
            if (call % 2 == 0) {
                tested.matrices().matmul(a, packed, out, false);
            } else {
                tested.matrices().matmul(a, b, out, false);
            }
            if (call < 10 || call % 500 == 0) {
                assertSameBits(out, expected, "call " + call);
            }
        }
    }
}
