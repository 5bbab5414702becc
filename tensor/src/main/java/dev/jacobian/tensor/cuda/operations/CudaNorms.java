// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.cuda.operations;

import dev.jacobian.tensor.NormKernels;
import dev.jacobian.tensor.Nullable;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.tensor.cuda.engine.CudaEngine;

/** Normalisation, a warp a row. Gains, statistics and their gradients are F32 whatever the rows are. */
public final class CudaNorms implements NormKernels {
    private static final int THREADS = 256;

    private final CudaEngine engine;
    private final RowSums rowSums;

    public CudaNorms(CudaEngine engine, RowSums rowSums) {
        this.engine = engine;
        this.rowSums = rowSums;
    }

    @Override
    public void rmsNorm(Tensor x, Tensor weight, float epsilon, Tensor out, Tensor inverseRms) {
        int d = weight.elements();
        int rows = x.elements() / d;
        engine.launch(
                CudaEngine.typed("rms_norm", x.dtype()),
                Math.ceilDiv(rows, 16),
                1,
                THREADS,
                x,
                weight,
                epsilon,
                rows,
                d,
                out,
                inverseRms);
    }

    @Override
    public void rmsNormBackward(
            Tensor dOut, Tensor x, Tensor weight, Tensor inverseRms, Tensor dX, @Nullable Tensor dWeight) {
        int d = weight.elements();
        int rows = x.elements() / d;
        engine.launch(
                CudaEngine.typed("rms_norm_backward", x.dtype()),
                Math.ceilDiv(rows, 16),
                1,
                THREADS,
                dOut,
                x,
                weight,
                inverseRms,
                rows,
                d,
                dX);
        if (dWeight != null) {
            String kernel = CudaEngine.typed("rms_norm_weight_gradient", x.dtype());
            rowSums.addTo(dWeight, x.elements(), kernel, dOut, x, inverseRms);
        }
    }

    @Override
    public void layerNorm(
            Tensor x,
            Tensor weight,
            @Nullable Tensor bias,
            float epsilon,
            Tensor out,
            Tensor means,
            Tensor inverseStd) {
        int rows = means.elements();
        engine.launch(
                CudaEngine.typed("layer_norm", x.dtype()),
                Math.ceilDiv(rows, 16),
                1,
                THREADS,
                x,
                weight,
                bias,
                epsilon,
                rows,
                weight.elements(),
                out,
                means,
                inverseStd);
    }

    @Override
    public void layerNormBackward(
            Tensor dOut,
            Tensor x,
            Tensor weight,
            Tensor means,
            Tensor inverseStd,
            Tensor dX,
            @Nullable Tensor dWeight) {
        int rows = means.elements();
        engine.launch(
                CudaEngine.typed("layer_norm_backward", x.dtype()),
                Math.ceilDiv(rows, 16),
                1,
                THREADS,
                dOut,
                x,
                weight,
                means,
                inverseStd,
                rows,
                weight.elements(),
                dX);
        if (dWeight != null) {
            String kernel = CudaEngine.typed("layer_norm_weight_gradient", x.dtype());
            rowSums.addTo(dWeight, x.elements(), kernel, dOut, x, means, inverseStd);
        }
    }
}
