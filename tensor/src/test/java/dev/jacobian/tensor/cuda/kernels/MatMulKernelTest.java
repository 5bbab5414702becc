// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.cuda.kernels;

import static dev.jacobian.tensor.Numbers.normal;
import static dev.jacobian.tensor.Numbers.strided;
import static dev.jacobian.tensor.Numbers.stridedBatch;

import dev.jacobian.tensor.DType;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.tensor.cuda.emulation.EmulatedMemory;
import dev.jacobian.tensor.cuda.emulation.KernelTestBase;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The matrix products in F32 have the reference's bits, whatever the kernel, the strides and the extents. */
class MatMulKernelTest extends KernelTestBase {
    private static final List<String> KERNELS = List.of("matmul_f32_64", "matmul_f32_128", "matmul_few_rows_f32");

    @Test
    void extentsAroundTheTiles() {
        int[] extents = {1, 2, 7, 8, 9, 31, 32, 33, 63, 64, 65};
        for (int m : extents) {
            int n = extents[rng.nextInt(extents.length)];
            check(strided(rng, m, 19, false), strided(rng, 19, n, false));
            check(strided(rng, n, 5, false), strided(rng, 5, m, false));
        }
        check(strided(rng, 129, 17, false), strided(rng, 17, 130, false));
        check(strided(rng, 200, 3, false), strided(rng, 3, 1, false));
        check(strided(rng, 1, 3, false), strided(rng, 3, 300, false));
    }

    @Test
    void everyTailOfK() {
        for (int k = 1; k <= 35; k++) {
            check(strided(rng, 5, k, false), strided(rng, k, 6, false));
        }
        for (int k : new int[] {127, 128, 129, 255, 256, 257, 400}) {
            check(strided(rng, 3, k, false), strided(rng, k, 34, false));
        }
    }

    @Test
    void bothOperandsEitherWayRound() {
        for (int way = 0; way < 4; way++) {
            Tensor a = way % 2 == 0 ? normal(rng, 70, 37) : normal(rng, 37, 70).t();
            Tensor b = way / 2 == 0 ? normal(rng, 37, 90) : normal(rng, 90, 37).t();
            check(a, b);
            check(a.slice(0, 10, 14), b);
        }
    }

    /** More than a band of tiles, and an incomplete band after it. */
    @Test
    void bandsOfTiles() {
        check(normal(rng, 8 * 64 + 70, 2), normal(rng, 2, 140));
    }

    @Test
    void notANumberInfinitiesAndZeros() {
        check(strided(rng, 40, 23, true), strided(rng, 23, 35, true));
        check(strided(rng, 6, 130, true), strided(rng, 130, 35, true));
    }

    /** A sum of -0, from an underflow in its last product: what fills a panel up may not make it +0. */
    @Test
    void surplusKeepsNegativeZero() {
        check(Tensor.of(new float[] {0, -1e-30f}, 1, 2), Tensor.of(new float[] {0, 1e-30f}, 2, 1));
    }

    @Test
    void nothingToSum() {
        Tensor before = normal(rng, 3, 4);
        for (String kernel : KERNELS) {
            EmulatedMemory out = device.copy(before);
            EmulatedMemory none = device.allocate(DType.F32, 1);
            device.launch(kernel, 1, 1, 256, none, 0L, 0L, 1L, none, 0L, 4L, 1L, 3, 4, 0, 1, out, 0L);
            assertSame(out, before, DType.F32, kernel + " adds nothing");
            device.launch(kernel, 1, 1, 256, none, 0L, 0L, 1L, none, 0L, 4L, 1L, 3, 4, 0, 0, out, 0L);
            assertSame(out, Tensor.zeros(3, 4), DType.F32, kernel + " sums nothing");
        }
    }

    private void check(Tensor a, Tensor b) {
        int m = a.extent(0);
        int k = a.extent(1);
        int n = b.extent(1);
        Tensor before = normal(rng, m, n);
        Tensor product = Tensor.zeros(m, n);
        Tensor sum = before.copy();
        reference.matrices().matmul(a, b, product, false);
        reference.matrices().matmul(a, b, sum, true);
        EmulatedMemory deviceA = device.copy(spread(a));
        EmulatedMemory deviceB = device.copy(spread(b));
        for (String kernel : KERNELS) {
            boolean few = kernel.equals("matmul_few_rows_f32");
            if (few && m > 8) {
                continue;
            }
            int tile = kernel.endsWith("128") ? 128 : 64;
            int grid = few ? blocks(n, 32) : blocks(m, tile) * blocks(n, tile);
            String what = kernel + " [" + m + ", " + k + "] · [" + k + ", " + n + "], strides " + a.stride(0) + ", "
                    + a.stride(1) + " and " + b.stride(0) + ", " + b.stride(1);
            for (int accumulate = 0; accumulate <= 1; accumulate++) {
                EmulatedMemory out = device.copy(before);
                device.launch(
                        kernel,
                        grid,
                        1,
                        256,
                        deviceA,
                        0L,
                        (long) a.stride(0),
                        (long) a.stride(1),
                        deviceB,
                        0L,
                        (long) b.stride(0),
                        (long) b.stride(1),
                        m,
                        n,
                        k,
                        accumulate,
                        out,
                        0L);
                assertSame(out, accumulate == 0 ? product : sum, DType.F32, what + (accumulate == 0 ? "" : ", added"));
            }
        }
    }

    @Test
    void batches() {
        for (int[] extents :
                new int[][] {{3, 5, 19, 33}, {2, 70, 3, 66}, {5, 8, 130, 1}, {4, 1, 1, 40}, {2, 130, 17, 9}}) {
            int batch = extents[0];
            checkBatch(
                    stridedBatch(rng, batch, extents[1], extents[2], true),
                    stridedBatch(rng, batch, extents[2], extents[3], true),
                    batch);
        }
    }

    /** One of the operands is the same for all, as a distance of 0 says. */
    @Test
    void sharedOperands() {
        checkBatch(stridedBatch(rng, 1, 6, 20, false), stridedBatch(rng, 3, 20, 35, false), 3);
        checkBatch(stridedBatch(rng, 3, 66, 20, false), stridedBatch(rng, 1, 20, 5, false), 3);
    }

    /**
     * Results that lie apart, with what must stay as it is between them.
     *
     * @param a [B, M, K], or [1, M, K] for one that all share; {@code b} likewise
     */
    private void checkBatch(Tensor a, Tensor b, int batch) {
        int m = a.extent(1);
        int k = a.extent(2);
        int n = b.extent(2);
        Tensor before = normal(rng, batch, m + 1, n);
        Tensor product = before.copy();
        Tensor sum = before.copy();
        for (int i = 0; i < batch; i++) {
            Tensor ofA = a.select(0, Math.min(i, a.extent(0) - 1));
            Tensor ofB = b.select(0, Math.min(i, b.extent(0) - 1));
            reference.matrices().matmul(ofA, ofB, product.select(0, i).slice(0, 0, m), false);
            reference.matrices().matmul(ofA, ofB, sum.select(0, i).slice(0, 0, m), true);
        }
        EmulatedMemory deviceA = device.copy(spread(a));
        EmulatedMemory deviceB = device.copy(spread(b));
        for (String kernel : KERNELS) {
            boolean few = kernel.equals("matmul_few_rows_f32");
            if (few && m > 8) {
                continue;
            }
            int tile = kernel.endsWith("128") ? 128 : 64;
            for (int accumulate = 0; accumulate <= 1; accumulate++) {
                EmulatedMemory out = device.copy(before);
                device.launch(
                        kernel,
                        few ? blocks(n, 32) : blocks(m, tile) * blocks(n, tile),
                        batch,
                        256,
                        deviceA,
                        a.extent(0) == 1 ? 0L : (long) a.stride(0),
                        (long) a.stride(1),
                        (long) a.stride(2),
                        deviceB,
                        b.extent(0) == 1 ? 0L : (long) b.stride(0),
                        (long) b.stride(1),
                        (long) b.stride(2),
                        m,
                        n,
                        k,
                        accumulate,
                        out,
                        (long) (m + 1) * n);
                String what = kernel + " " + a.shape() + " · " + b.shape() + (accumulate == 0 ? "" : ", added");
                assertSame(out, accumulate == 0 ? product : sum, DType.F32, what);
            }
        }
    }

    /** The memory that a view looks at, from its first element to its last. */
    private static Tensor spread(Tensor view) {
        int elements = 1;
        for (int d = 0; d < view.rank(); d++) {
            elements += (view.extent(d) - 1) * view.stride(d);
        }
        return Tensor.of(Arrays.copyOfRange(view.floats(), view.offset(), view.offset() + elements), elements);
    }
}
