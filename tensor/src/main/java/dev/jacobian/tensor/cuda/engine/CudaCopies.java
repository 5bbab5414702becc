// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.cuda.engine;

import dev.jacobian.tensor.DType;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.tensor.cuda.engine.CudaArray.View;

/** Copies within a device: dense ones by the driver, strided and converting ones by kernels. */
final class CudaCopies {
    /** Side of the square tiles that strided copies go by, and the most of them that a grid has in the second dimension. */
    private static final int TILE = 32;

    private static final int MAX_GRID_Y = 65_535;

    private CudaCopies() {}

    /** Copies all elements of a tensor of any strides to a dense place, converting between floating types. */
    static void copy(CudaEngine engine, Tensor source, View to) {
        if (source.elements() == 0) {
            return;
        }
        View from = View.inAnyArithmetic(engine, source);
        if (from.dtype() == to.dtype()) {
            if (source.isContiguous()) {
                long bytes = (long) from.dtype().bytes() * source.elements();
                engine.post(() -> engine.stream().copy(from.address(), to.address(), bytes));
            } else {
                copyStrided(engine, source, to);
            }
            return;
        }
        if (!from.dtype().isFloatingPoint() || !to.dtype().isFloatingPoint()) {
            throw new IllegalArgumentException("cannot convert " + from.dtype() + " to " + to.dtype());
        }
        Tensor dense = source.contiguous();
        String kernel = "convert_" + CudaEngine.fromTo(from.dtype(), to.dtype());
        View all = View.inAnyArithmetic(engine, dense);
        engine.launchOver(dense.elements(), kernel, all, (long) dense.elements(), to);
        if (dense != source) {
            dense.close();
        }
    }

    private static void copyStrided(CudaEngine engine, Tensor source, View to) {
        if (source.rank() > 2) {
            int step = source.elements() / source.extent(0);
            for (int i = 0; i < source.extent(0); i++) {
                copyStrided(engine, source.select(0, i), new View(to.array(), to.offset() + i * step));
            }
            return;
        }
        int rows = source.rank() < 2 ? 1 : source.extent(0);
        int columns = source.extent(-1);
        long rowStride = source.rank() < 2 ? 0 : source.stride(0);
        long columnStride = source.stride(-1);
        String kernel = CudaEngine.typed("copy_matrix", pattern(source.dtype()));
        int rowsAtOnce = MAX_GRID_Y * TILE;
        for (int row = 0; row < rows; row += rowsAtOnce) {
            int n = Math.min(rowsAtOnce, rows - row);
            View from = View.inAnyArithmetic(engine, source);
            engine.launch(
                    kernel,
                    Math.ceilDiv(columns, TILE),
                    Math.ceilDiv(n, TILE),
                    256,
                    new View(from.array(), (int) (from.offset() + row * rowStride)),
                    rowStride,
                    columnStride,
                    n,
                    columns,
                    new View(to.array(), to.offset() + row * columns));
        }
    }

    /** A floating type whose elements are as wide: copying looks at no value. */
    private static DType pattern(DType dtype) {
        return switch (dtype.bytes()) {
            case 4 -> DType.F32;
            case 2 -> DType.BF16;
            default ->
                throw new IllegalArgumentException(
                        "no strided copies of " + dtype + " on a GPU; make the tensor contiguous on the CPU first");
        };
    }
}
