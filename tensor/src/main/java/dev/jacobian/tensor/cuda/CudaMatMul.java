// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.cuda;

import dev.jacobian.tensor.Backends;
import dev.jacobian.tensor.DType;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.tensor.cuda.CudaArray.View;

/**
 * Matrix products: cuBLAS, or kernels of our own whose order over k is fixed.
 *
 * <p>cuBLAS chooses a kernel by the shape, so a row's bits may change with the number of rows beside it. The fixed-order
 * kernels keep them: in F32 each element is the reference's chain of fused multiply-adds, bit for bit what the CPU computes.
 */
final class CudaMatMul {
    private static final int LARGE_TILE = 128;
    private static final int SMALL_TILE = 64;

    /** Rows up to which the kernels for few rows are used, and the columns of their tiles: the bits are the same. */
    private static final int FEW_ROWS = 8;

    private static final int FEW_BF16_ROWS = 16;
    private static final int FEW_ROWS_COLUMNS = 32;

    private final CudaEngine engine;

    CudaMatMul(CudaEngine engine) {
        this.engine = engine;
    }

    /**
     * {@code out = a · b} or {@code out += a · b}.
     *
     * @param a [M, K] and {@code b} [K, N], any strides, both F32 or both BF16
     * @param out [M, N], contiguous, F32 or of the inputs' type
     */
    void multiply(Tensor a, Tensor b, Tensor out, boolean accumulate, boolean fixedOrder) {
        if (a.dtype() != b.dtype() || (out.dtype() != a.dtype() && out.dtype() != DType.F32)) {
            throw new IllegalArgumentException("no product of " + a + " and " + b + " into " + out
                    + "; the inputs have one type, the result has it too or is F32");
        }
        if (out.elements() == 0) {
            return;
        }
        if (a.extent(1) == 0) {
            if (!accumulate) {
                out.deviceArray().fill(out.offset(), out.elements(), 0f);
            }
            return;
        }
        if (fixedOrder) {
            multiplyInOrder(a, b, out, accumulate);
        } else {
            multiplyByCublas(a, b, out, accumulate);
        }
    }

    private void multiplyInOrder(Tensor a, Tensor b, Tensor out, boolean accumulate) {
        if (a.dtype() == DType.F32) {
            multiplyF32InOrder(a, b, out, accumulate);
        } else {
            multiplyBf16InOrder(a, b, out, accumulate);
        }
    }

    private void multiplyF32InOrder(Tensor a, Tensor b, Tensor out, boolean accumulate) {
        int m = out.extent(0);
        int n = out.extent(1);
        int side =
                tiles(m, n, LARGE_TILE, LARGE_TILE) >= engine.context().device().multiprocessors()
                        ? LARGE_TILE
                        : SMALL_TILE;
        boolean few = m <= FEW_ROWS;
        engine.launch(
                few ? "matmul_few_rows_f32" : "matmul_f32_" + side,
                few ? Math.ceilDiv(n, FEW_ROWS_COLUMNS) : tiles(m, n, side, side),
                1,
                256,
                a,
                (long) a.stride(0),
                (long) a.stride(1),
                b,
                (long) b.stride(0),
                (long) b.stride(1),
                m,
                n,
                a.extent(1),
                accumulate ? 1 : 0,
                out);
    }

    private void multiplyBf16InOrder(Tensor a, Tensor b, Tensor out, boolean accumulate) {
        int m = out.extent(0);
        int n = out.extent(1);
        Tensor left = hasRuns(a) ? a : a.copy();
        Tensor right = hasRuns(b) ? b : b.copy();
        boolean few = m <= FEW_BF16_ROWS;
        engine.launch(
                (few ? "matmul_few_rows_bf16" : "matmul_bf16") + (out.dtype() == DType.F32 ? "_to_f32" : ""),
                few ? tiles(m, n, FEW_BF16_ROWS, FEW_ROWS_COLUMNS) : tiles(m, n, LARGE_TILE, LARGE_TILE),
                1,
                few ? 64 : 256,
                left,
                (long) apart(left),
                byRows(left) ? 0 : 1,
                right,
                (long) apart(right),
                byRows(right) ? 0 : 1,
                m,
                n,
                a.extent(1),
                accumulate ? 1 : 0,
                out);
        closeCopy(left, a);
        closeCopy(right, b);
    }

    private static int tiles(int m, int n, int rows, int columns) {
        return Math.multiplyExact(Math.ceilDiv(m, rows), Math.ceilDiv(n, columns));
    }

    private static void closeCopy(Tensor copy, Tensor original) {
        if (copy != original) {
            copy.close();
        }
    }

    private void multiplyByCublas(Tensor a, Tensor b, Tensor out, boolean accumulate) {
        Tensor left = hasRuns(a) ? a : a.copy();
        Tensor right = hasRuns(b) ? b : b.copy();
        View leftAt = View.of(engine, left);
        View rightAt = View.of(engine, right);
        View outAt = View.of(engine, out);
        boolean tf32 = Backends.isTf32Allowed();
        int m = out.extent(0);
        int n = out.extent(1);
        int k = a.extent(1);
        engine.post(() -> engine.cublas()
                .multiply(
                        m,
                        n,
                        k,
                        1f,
                        matrix(left, leftAt.address()),
                        matrix(right, rightAt.address()),
                        accumulate ? 1f : 0f,
                        new Cublas.Matrix(outAt.address(), out.dtype(), n, false),
                        tf32));
        closeCopy(left, a);
        closeCopy(right, b);
    }

    /** Whether rows or columns are runs of neighbours that do not overlap. */
    private static boolean hasRuns(Tensor x) {
        return byRows(x) || byColumns(x);
    }

    private static boolean byRows(Tensor x) {
        return (x.stride(1) == 1 || x.extent(1) == 1) && (x.extent(0) == 1 || x.stride(0) >= x.extent(1));
    }

    private static boolean byColumns(Tensor x) {
        return (x.stride(0) == 1 || x.extent(0) == 1) && (x.extent(1) == 1 || x.stride(1) >= x.extent(0));
    }

    /** Elements from one run to the next. */
    private static int apart(Tensor x) {
        if (byRows(x)) {
            return x.extent(0) == 1 ? x.extent(1) : x.stride(0);
        }
        return x.extent(1) == 1 ? x.extent(0) : x.stride(1);
    }

    private static Cublas.Matrix matrix(Tensor x, long address) {
        return new Cublas.Matrix(address, x.dtype(), apart(x), !byRows(x));
    }
}
