// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.cuda.kernels;

import static dev.jacobian.tensor.Numbers.normal;
import static org.assertj.core.api.Assertions.assertThat;

import dev.jacobian.tensor.DType;
import dev.jacobian.tensor.Numbers;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.tensor.cuda.emulation.EmulatedMemory;
import dev.jacobian.tensor.cuda.emulation.KernelTestBase;
import java.util.List;
import org.junit.jupiter.api.Test;

/**
 * The products in BF16: exact where every sum is, near otherwise, and the same bits for a row in any batch.
 *
 * <p>Small integers have exact products and sums, in whatever order; they show that every element meets its partner.
 */
class NarrowMatMulKernelTest extends KernelTestBase {
    private static final List<String> KERNELS = List.of("matmul", "matmul_few_rows");

    @Test
    void extentsAroundTheTiles() {
        for (int m : new int[] {1, 2, 8, 15, 16, 17, 33}) {
            checkExact(m, 1 + rng.nextInt(40), 1 + rng.nextInt(40), 0);
        }
        for (int n : new int[] {1, 7, 8, 9, 31, 32, 33}) {
            checkExact(1 + rng.nextInt(20), 1 + rng.nextInt(40), n, 0);
        }
        for (int k : new int[] {1, 7, 8, 15, 16, 17, 24, 31, 32, 33, 63, 65, 96, 97, 129, 260, 400}) {
            checkExact(5, k, 6, 0);
        }
        checkExact(130, 40, 136, 0);
        checkExact(3, 50, 300, 0);
        checkExact(16 * 8 + 20, 9, 40, 0); // more than a band of small tiles
    }

    @Test
    void rowsThatAreNotAligned() {
        for (int more : new int[] {1, 4, 8}) {
            checkExact(20, 72, 40, more);
        }
    }

    @Test
    void nearTheExactProduct() {
        for (int k : new int[] {3, 40, 300}) {
            Tensor a = rounded(normal(rng, 9, k), DType.BF16);
            Tensor b = rounded(normal(rng, k, 35), DType.BF16);
            Tensor expected = Tensor.zeros(9, 35);
            float[] bounds = new float[9 * 35];
            for (int i = 0; i < bounds.length; i++) {
                double sum = 0;
                double magnitude = 0;
                for (int p = 0; p < k; p++) {
                    double term = (double) a.get(i / 35, p) * b.get(p, i % 35);
                    sum += term;
                    magnitude += Math.abs(term);
                }
                expected.floats()[i] = (float) sum;
                bounds[i] = (float) (magnitude * k * 0x1p-24) + Math.ulp((float) sum); // k roundings of a sum
            }
            for (String kernel : KERNELS) {
                assertNear(multiply(kernel, DType.F32, a, b, 0, 0, null), expected, bounds, kernel + ", k = " + k);
            }
        }
    }

    @Test
    void bitsOfARowInAnyBatch() {
        int k = 70;
        int n = 45;
        for (int way = 0; way < 4; way++) {
            Tensor a = rounded(normal(rng, 150, k), DType.BF16);
            Tensor b = rounded(normal(rng, k, n), DType.BF16);
            for (DType out : TYPES) {
                Tensor batch = multiply("matmul", out, a, b, way, 0, null).read(150, n);
                for (String kernel : KERNELS) {
                    for (int row : new int[] {0, 17, 139}) {
                        for (int rows : new int[] {1, 7}) {
                            Tensor few = a.slice(0, row, row + rows);
                            Tensor alone =
                                    multiply(kernel, out, few, b, way, 0, null).read(rows, n);
                            Numbers.assertSameBits(alone, batch.slice(0, row, row + rows), kernel + ", row " + row);
                        }
                    }
                }
            }
        }
    }

    @Test
    void notANumberStaysInItsRow() {
        Tensor a = rounded(normal(rng, 4, 20), DType.BF16);
        a.floats()[a.offset() + 2 * 20 + 19] = Float.NaN;
        Tensor b = rounded(normal(rng, 20, 3), DType.BF16);
        for (String kernel : KERNELS) {
            Tensor product = multiply(kernel, DType.F32, a, b, 1, 0, null).read(4, 3);
            for (int i = 0; i < 12; i++) {
                assertThat(Float.isNaN(product.get(i / 3, i % 3))).isEqualTo(i / 3 == 2);
            }
        }
    }

    private void checkExact(int m, int k, int n, int more) {
        Tensor a = integers(m, k);
        Tensor b = integers(k, n);
        Tensor before = integers(m, n);
        Tensor product = Tensor.zeros(m, n);
        Tensor sum = before.copy();
        reference.matrices().matmul(a, b, product, false);
        reference.matrices().matmul(a, b, sum, true);
        for (String kernel : KERNELS) {
            for (int way = 0; way < 4; way++) {
                String what = kernel + " [" + m + ", " + k + "] · [" + k + ", " + n + "], transposed " + way;
                assertSame(multiply(kernel, DType.F32, a, b, way, more, null), product, DType.F32, what);
                assertSame(multiply(kernel, DType.BF16, a, b, way, more, null), product, DType.BF16, what);
                assertSame(multiply(kernel, DType.F32, a, b, way, more, before), sum, DType.F32, what + ", added");
                assertSame(multiply(kernel, DType.BF16, a, b, way, more, before), sum, DType.BF16, what + ", added");
            }
        }
    }

    /**
     * A product on the device.
     *
     * @param way 1 if a is to lie there by columns, + 2 if b is
     * @param more elements between the rows or columns
     * @param before what to add to, or null
     */
    private EmulatedMemory multiply(String kernel, DType type, Tensor a, Tensor b, int way, int more, Tensor before) {
        int m = a.extent(0);
        int n = b.extent(1);
        Tensor layoutA = way % 2 == 0 ? a : a.t().copy();
        Tensor layoutB = way / 2 == 0 ? b : b.t().copy();
        EmulatedMemory out = before == null ? device.allocate(type, m * n) : device.copy(before, type);
        boolean few = kernel.equals("matmul_few_rows");
        device.launch(
                kernel + "_bf16" + (type == DType.F32 ? "_to_f32" : ""),
                few ? blocks(m, 16) * blocks(n, 32) : blocks(m, 128) * blocks(n, 128),
                1,
                few ? 64 : 256,
                device.copy(spread(layoutA, more), DType.BF16),
                0L,
                (long) layoutA.extent(1) + more,
                way % 2,
                device.copy(spread(layoutB, more), DType.BF16),
                0L,
                (long) layoutB.extent(1) + more,
                way / 2,
                m,
                n,
                a.extent(1),
                before == null ? 0 : 1,
                out,
                0L);
        return out;
    }

    /** Batches, also of an operand that all share; the distances are of matrices that are aligned, and that are not. */
    @Test
    void batches() {
        for (int[] extents : new int[][] {{3, 5, 40, 33}, {2, 17, 8, 8}, {2, 130, 24, 16}, {4, 1, 3, 5}}) {
            for (int shared = 0; shared <= 2; shared++) {
                checkBatch(extents[0], extents[1], extents[2], extents[3], shared);
            }
        }
    }

    /** @param shared 1 if the matrix a is the same for all, 2 if b is */
    private void checkBatch(int batch, int m, int k, int n, int shared) {
        Tensor a = integers((shared == 1 ? 1 : batch) * m, k); // [B M, K]
        Tensor b = integers((shared == 2 ? 1 : batch) * k, n); // [B K, N]
        Tensor before = integers(batch * (m + 1), n); // [B (M + 1), N]: rows between the matrices
        Tensor product = before.copy();
        Tensor sum = before.copy();
        for (int i = 0; i < batch; i++) {
            int ofA = shared == 1 ? 0 : i * m;
            int ofB = shared == 2 ? 0 : i * k;
            int out = i * (m + 1);
            reference
                    .matrices()
                    .matmul(a.slice(0, ofA, ofA + m), b.slice(0, ofB, ofB + k), product.slice(0, out, out + m), false);
            reference
                    .matrices()
                    .matmul(a.slice(0, ofA, ofA + m), b.slice(0, ofB, ofB + k), sum.slice(0, out, out + m), true);
        }
        EmulatedMemory deviceA = device.copy(a, DType.BF16);
        EmulatedMemory deviceB = device.copy(b, DType.BF16);
        for (String kernel : KERNELS) {
            boolean few = kernel.equals("matmul_few_rows");
            for (DType type : TYPES) {
                for (int accumulate = 0; accumulate <= 1; accumulate++) {
                    EmulatedMemory out = device.copy(before, type);
                    device.launch(
                            kernel + "_bf16" + (type == DType.F32 ? "_to_f32" : ""),
                            few ? blocks(m, 16) * blocks(n, 32) : blocks(m, 128) * blocks(n, 128),
                            batch,
                            few ? 64 : 256,
                            deviceA,
                            shared == 1 ? 0L : (long) m * k,
                            (long) k,
                            0,
                            deviceB,
                            shared == 2 ? 0L : (long) k * n,
                            (long) n,
                            0,
                            m,
                            n,
                            k,
                            accumulate,
                            out,
                            (long) (m + 1) * n);
                    String what = kernel + " " + batch + " times [" + m + ", " + k + "] · [" + k + ", " + n
                            + "], shared " + shared + (accumulate == 0 ? "" : ", added");
                    assertSame(out, accumulate == 0 ? product : sum, type, what);
                }
            }
        }
    }

    /** The rows with NaN between them. */
    private static Tensor spread(Tensor x, int more) {
        Tensor wide = Tensor.zeros(x.extent(0), x.extent(1) + more);
        wide.fill(Float.NaN);
        for (int row = 0; row < x.extent(0); row++) {
            wide.slice(0, row, row + 1)
                    .reshape(x.extent(1) + more)
                    .slice(0, 0, x.extent(1))
                    .copyFrom(x.slice(0, row, row + 1).reshape(x.extent(1)));
        }
        return wide;
    }

    private Tensor integers(int rows, int columns) {
        Tensor x = Tensor.zeros(rows, columns);
        for (int i = 0; i < x.elements(); i++) {
            x.floats()[i] = rng.nextInt(17) - 8;
        }
        return x;
    }
}
