// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.cuda.operations;

import dev.jacobian.tensor.ElementwiseKernels;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.tensor.cuda.engine.CudaEngine;
import java.util.List;

/** Arithmetic on elements, in F32 or BF16; sums of squares are the optimizer's, which adds up many tensors at once. */
public final class CudaElementwise implements ElementwiseKernels {
    private final CudaEngine engine;
    private final RowSums rowSums;
    private final CudaSquares squares;

    public CudaElementwise(CudaEngine engine, RowSums rowSums) {
        this.engine = engine;
        this.rowSums = rowSums;
        this.squares = new CudaSquares(engine);
    }

    @Override
    public void add(Tensor x, Tensor y, Tensor out) {
        long n = out.elements();
        engine.launchOver(n, CudaEngine.typed("add", x.dtype()), x, y, n, out);
    }

    @Override
    public void multiply(Tensor x, Tensor y, Tensor out) {
        long n = out.elements();
        engine.launchOver(n, CudaEngine.typed("multiply", x.dtype()), x, y, n, out);
    }

    @Override
    public void scale(Tensor x, float factor, Tensor out) {
        long n = out.elements();
        engine.launchOver(n, CudaEngine.typed("scale", x.dtype()), x, factor, n, out);
    }

    @Override
    public void addScaled(Tensor x, float factor, Tensor out) {
        long n = out.elements();
        engine.launchOver(n, CudaEngine.typed("add_scaled", x.dtype()), x, factor, n, out);
    }

    @Override
    public void addRow(Tensor x, Tensor row, Tensor out) {
        long n = out.elements();
        engine.launchOver(n, CudaEngine.typed("add_row", x.dtype()), x, row, n, row.elements(), out);
    }

    @Override
    public void sumRowsInto(Tensor x, Tensor out) {
        rowSums.addTo(out, x.elements(), CudaEngine.typed("sum_rows", x.dtype()), x);
    }

    @Override
    public double sumOfSquares(Tensor x) {
        return sumOfSquares(List.of(x));
    }

    @Override
    public double sumOfSquares(List<Tensor> tensors) {
        return squares.sum(tensors);
    }
}
