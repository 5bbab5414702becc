// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.cuda.operations;

import dev.jacobian.tensor.DType;
import dev.jacobian.tensor.MatrixKernels;
import dev.jacobian.tensor.PackedMatrix;
import dev.jacobian.tensor.QuantizedMatrix;
import dev.jacobian.tensor.Shape;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.tensor.WeightFormat;
import dev.jacobian.tensor.cuda.engine.CudaArray.View;
import dev.jacobian.tensor.cuda.engine.CudaEngine;
import java.util.Optional;

/** Products with matrices as they lie, and with weights that are held in fewer bits. */
public final class CudaMatrices implements MatrixKernels {
    private static final int THREADS = 256;

    /** Rows up to which a quantized weight is read in place rather than expanded. */
    private static final int MATVEC_ROWS = 8;

    private final CudaEngine engine;
    private final CudaMatMul matMul;

    public CudaMatrices(CudaEngine engine) {
        this.engine = engine;
        this.matMul = new CudaMatMul(engine);
    }

    @Override
    public void matmul(Tensor a, Tensor b, Tensor out, boolean accumulate) {
        matMul.multiply(a, b, out, accumulate);
    }

    @Override
    public void batchedMatmul(Tensor a, Tensor b, Tensor out, boolean accumulate) {
        matMul.multiplyBatch(a, b, out, accumulate);
    }

    @Override
    public PackedMatrix pack(Tensor b, WeightFormat format) {
        return CudaPacked.of(engine.device(), b, format);
    }

    @Override
    public PackedMatrix pack(QuantizedMatrix transposed) {
        return transposed.format().isMade()
                ? CudaPacked.of(engine.device(), transposed)
                : MatrixKernels.super.pack(transposed);
    }

    @Override
    public void repack(Tensor b, PackedMatrix into) {
        ((CudaPacked) into).replace(engine.device(), b);
    }

    @Override
    public void matmul(Tensor a, PackedMatrix b, Tensor out, boolean accumulate) {
        switch ((CudaPacked) b) {
            case CudaPacked.Dense dense
            when dense.matrix().dtype() == a.dtype() -> matmul(a, dense.matrix(), out, accumulate);
            case CudaPacked.Quantized quantized
            when a.extent(0) <= MATVEC_ROWS && !engine.isBatchInvariant() ->
                multiplyInPlace(a.contiguous(), quantized, out, accumulate);
            case CudaPacked packed -> {
                Tensor numbers = expanded(packed, 0, packed.columns(), a.dtype()); // [N, K]
                matmul(a, numbers.t(), out, accumulate);
                numbers.close();
            }
        }
    }

    private void multiplyInPlace(Tensor a, CudaPacked.Quantized b, Tensor out, boolean accumulate) {
        // The kernel's result has its input's type; widening a row is little beside reading the weights.
        Tensor input = a.dtype() == out.dtype() ? a : a.to(out.dtype());
        engine.launch(
                CudaEngine.typed(b.format().label() + "_matvec", out.dtype()),
                Math.ceilDiv(b.columns(), 8),
                input.extent(0),
                THREADS,
                input,
                b.quants(),
                b.scales(),
                b.rows(),
                b.columns(),
                accumulate ? 1 : 0,
                out);
        if (input != a) {
            input.close();
        }
    }

    @Override
    public void unpack(PackedMatrix b, int fromColumn, Tensor out) {
        Tensor numbers = expanded((CudaPacked) b, fromColumn, out.extent(1), out.dtype()); // [n, K]
        out.copyFrom(numbers.t());
        numbers.close();
    }

    /** Some columns' numbers, transposed: [n, K] of a type, for the caller to close. */
    private Tensor expanded(CudaPacked packed, int from, int n, DType dtype) {
        Tensor numbers = Tensor.zeros(engine.device(), dtype, Shape.of(n, packed.rows())); // [n, K]
        switch (packed) {
            case CudaPacked.Dense dense -> {
                View.of(engine, dense.matrix()); // a copy would take it in any arithmetic
                numbers.deviceArray()
                        .copyFrom(0, dense.matrix().slice(1, from, from + n).t());
            }
            case CudaPacked.Quantized quantized -> {
                View quants = View.of(engine, quantized.quants());
                View scales = View.of(engine, quantized.scales());
                int first = from * quantized.blocks();
                engine.launchOver(
                        numbers.elements(),
                        CudaEngine.typed(quantized.format().label() + "_expand", dtype),
                        new View(quants.array(), first * quantized.blockBytes()),
                        new View(scales.array(), first),
                        quantized.rows(),
                        n,
                        numbers);
            }
        }
        return numbers;
    }

    @Override
    public Optional<Tensor> transposeOf(PackedMatrix packed) {
        return packed instanceof CudaPacked.Dense dense
                ? Optional.of(dense.matrix().t())
                : Optional.empty();
    }
}
