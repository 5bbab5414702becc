// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.cuda.operations;

import dev.jacobian.tensor.Arithmetic;
import dev.jacobian.tensor.DType;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.tensor.cuda.engine.CudaArray.View;
import dev.jacobian.tensor.cuda.engine.CudaEngine;
import dev.jacobian.tensor.cuda.kernels.Cublas;

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

    /** Matrices of a batch in one launch: the grid's limit in its second dimension. */
    private static final int MAX_GRID_Y = 65_535;

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
    void multiply(Tensor a, Tensor b, Tensor out, boolean accumulate) {
        requireTypes(a, b, out);
        if (out.elements() == 0) {
            return;
        }
        if (a.extent(1) == 0) {
            sumNothing(out, accumulate);
        } else if (engine.isBatchInvariant()) {
            multiplyInOrder(a, b, out, accumulate);
        } else {
            multiplyByCublas(a, b, out, accumulate);
        }
    }

    /**
     * The same for each matrix of a batch, in one launch. The matrices of a tensor lie the same distance apart, which is what
     * cuBLAS and the kernels want.
     *
     * @param a [B, M, K] and {@code b} [B, K, N], any strides, both F32 or both BF16
     * @param out [B, M, N], each matrix contiguous, F32 or of the inputs' type
     */
    void multiplyBatch(Tensor a, Tensor b, Tensor out, boolean accumulate) {
        requireTypes(a, b, out);
        if (out.elements() == 0) {
            return;
        }
        int batch = out.extent(0);
        if (a.extent(2) == 0) {
            for (int i = 0; i < batch; i++) {
                sumNothing(out.select(0, i), accumulate);
            }
        } else if (engine.isBatchInvariant()) {
            for (int from = 0; from < batch; from += MAX_GRID_Y) {
                int to = Math.min(batch, from + MAX_GRID_Y);
                multiplyInOrder(a.slice(0, from, to), b.slice(0, from, to), out.slice(0, from, to), accumulate);
            }
        } else {
            multiplyByCublas(a, b, out, accumulate);
        }
    }

    private static void requireTypes(Tensor a, Tensor b, Tensor out) {
        if (a.dtype() != b.dtype() || (out.dtype() != a.dtype() && out.dtype() != DType.F32)) {
            throw new IllegalArgumentException("no product of " + a + " and " + b + " into " + out
                    + "; the inputs have one type, the result has it too or is F32");
        }
    }

    private static void sumNothing(Tensor out, boolean accumulate) {
        if (!accumulate) {
            out.deviceArray().fill(out.offset(), out.elements(), 0f);
        }
    }

    // From here on the tensors are matrices or batches of them: dimensions count from the end.

    private void multiplyInOrder(Tensor a, Tensor b, Tensor out, boolean accumulate) {
        switch (a.dtype()) {
            case F32 -> multiplyF32InOrder(a, b, out, accumulate);
            case BF16 -> multiplyBf16InOrder(a, b, out, accumulate);
            default ->
                throw new IllegalArgumentException("no product of " + a + " and " + b
                        + " whose bits do not depend on the batch; convert them to F32 or BF16");
        }
    }

    private void multiplyF32InOrder(Tensor a, Tensor b, Tensor out, boolean accumulate) {
        int m = out.extent(-2);
        int n = out.extent(-1);
        int batch = batch(out);
        boolean fills = (long) tiles(m, n, LARGE_TILE, LARGE_TILE) * batch
                >= engine.context().device().multiprocessors();
        int side = fills && !isWasted(out, LARGE_TILE) ? LARGE_TILE : SMALL_TILE;
        boolean few = m <= FEW_ROWS;
        engine.launch(
                few ? "matmul_few_rows_f32" : "matmul_f32_" + side,
                few ? Math.ceilDiv(n, FEW_ROWS_COLUMNS) : tiles(m, n, side, side),
                batch,
                256,
                a,
                batchStride(a),
                (long) a.stride(-2),
                (long) a.stride(-1),
                b,
                batchStride(b),
                (long) b.stride(-2),
                (long) b.stride(-1),
                m,
                n,
                a.extent(-1),
                accumulate ? 1 : 0,
                out,
                batchStride(out));
    }

    private void multiplyBf16InOrder(Tensor a, Tensor b, Tensor out, boolean accumulate) {
        int m = out.extent(-2);
        int n = out.extent(-1);
        Tensor left = hasRuns(a) ? a : a.copy();
        Tensor right = hasRuns(b) ? b : b.copy();
        boolean few = m <= FEW_BF16_ROWS || isWasted(out, LARGE_TILE);
        engine.launch(
                (few ? "matmul_few_rows_bf16" : "matmul_bf16") + (out.dtype() == DType.F32 ? "_to_f32" : ""),
                few ? tiles(m, n, FEW_BF16_ROWS, FEW_ROWS_COLUMNS) : tiles(m, n, LARGE_TILE, LARGE_TILE),
                batch(out),
                few ? 64 : 256,
                left,
                batchStride(left),
                (long) apart(left),
                byRows(left) ? 0 : 1,
                right,
                batchStride(right),
                (long) apart(right),
                byRows(right) ? 0 : 1,
                m,
                n,
                a.extent(-1),
                accumulate ? 1 : 0,
                out,
                batchStride(out));
        closeCopy(left, a);
        closeCopy(right, b);
    }

    private static int tiles(int m, int n, int rows, int columns) {
        return Math.multiplyExact(Math.ceilDiv(m, rows), Math.ceilDiv(n, columns));
    }

    /** Whether three quarters of such tiles would stay empty in each of many matrices. */
    private static boolean isWasted(Tensor out, int side) {
        int m = out.extent(-2);
        int n = out.extent(-1);
        return batch(out) > 1 && 4L * m * n <= (long) tiles(m, n, side, side) * side * side;
    }

    private static int batch(Tensor x) {
        return x.rank() == 3 ? x.extent(0) : 1;
    }

    /** Elements from one matrix to the next. */
    private static long batchStride(Tensor x) {
        return x.rank() == 3 ? x.stride(0) : 0;
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
        boolean tf32 = engine.arithmetic() == Arithmetic.TF32;
        int batch = batch(out);
        int m = out.extent(-2);
        int n = out.extent(-1);
        int k = a.extent(-1);
        float keep = accumulate ? 1f : 0f;
        engine.post(() -> {
            Cublas.Matrix leftMatrix = matrix(left, leftAt.address());
            Cublas.Matrix rightMatrix = matrix(right, rightAt.address());
            Cublas.Matrix outMatrix = new Cublas.Matrix(outAt.address(), out.dtype(), n, false);
            if (batch == 1) { // also a batch of one: as a batch, cuBLAS may choose another kernel with other bits
                engine.cublas().multiply(m, n, k, 1f, leftMatrix, rightMatrix, keep, outMatrix, tf32);
            } else {
                engine.cublas()
                        .multiplyBatch(
                                batch,
                                m,
                                n,
                                k,
                                1f,
                                new Cublas.Batch(leftMatrix, batchStride(left)),
                                new Cublas.Batch(rightMatrix, batchStride(right)),
                                keep,
                                new Cublas.Batch(outMatrix, batchStride(out)),
                                tf32);
            }
        });
        closeCopy(left, a);
        closeCopy(right, b);
    }

    /** Whether rows or columns are runs of neighbours that do not overlap. */
    private static boolean hasRuns(Tensor x) {
        return byRows(x) || byColumns(x);
    }

    private static boolean byRows(Tensor x) {
        return (x.stride(-1) == 1 || x.extent(-1) == 1) && (x.extent(-2) == 1 || x.stride(-2) >= x.extent(-1));
    }

    private static boolean byColumns(Tensor x) {
        return (x.stride(-2) == 1 || x.extent(-2) == 1) && (x.extent(-1) == 1 || x.stride(-1) >= x.extent(-2));
    }

    /** Elements from one run to the next. */
    private static int apart(Tensor x) {
        if (byRows(x)) {
            return x.extent(-2) == 1 ? x.extent(-1) : x.stride(-2);
        }
        return x.extent(-1) == 1 ? x.extent(-2) : x.stride(-1);
    }

    private static Cublas.Matrix matrix(Tensor x, long address) {
        return new Cublas.Matrix(address, x.dtype(), apart(x), !byRows(x));
    }
}
