// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.cpu;

import dev.jacobian.tensor.ActivationKernels;
import dev.jacobian.tensor.AttentionKernels;
import dev.jacobian.tensor.Backend;
import dev.jacobian.tensor.ElementwiseKernels;
import dev.jacobian.tensor.ExpertKernels;
import dev.jacobian.tensor.FusedKernels;
import dev.jacobian.tensor.MatrixKernels;
import dev.jacobian.tensor.NormKernels;
import dev.jacobian.tensor.OptimizerKernels;
import dev.jacobian.tensor.PositionKernels;
import dev.jacobian.tensor.RecurrentKernels;
import dev.jacobian.tensor.RowKernels;
import dev.jacobian.tensor.SamplingKernels;
import dev.jacobian.tensor.SoftmaxKernels;
import dev.jacobian.tensor.reference.ReferenceFused;

/**
 * Kernels on the Vector API, bit for bit equal to the {@linkplain dev.jacobian.tensor.reference.ReferenceBackend reference}
 * at every vector width and number of threads.
 *
 * <p>One file per family of kernels. Large operations run on {@link dev.jacobian.tensor.ComputePool}; small ones on the
 * caller alone. The only memory that an operation allocates is a few small objects to describe parallel work.
 */
public record VectorBackend(
        MatrixKernels matrices,
        ElementwiseKernels elementwise,
        NormKernels norms,
        ActivationKernels activations,
        PositionKernels positions,
        RowKernels rows,
        AttentionKernels attention,
        RecurrentKernels recurrent,
        ExpertKernels experts,
        SoftmaxKernels softmax,
        SamplingKernels sampling,
        OptimizerKernels optimizer)
        implements Backend {
    /** All kernels of this package. */
    public static VectorBackend create() {
        MatrixKernels matrices = new VectorMatrices();
        SoftmaxKernels softmax = new VectorSoftmax();
        return new VectorBackend(
                matrices,
                new VectorElementwise(),
                new VectorNorm(),
                new VectorActivation(),
                new VectorRotary(),
                new VectorRows(),
                new VectorAttention(),
                new VectorRecurrent(),
                new VectorExperts(matrices),
                softmax,
                new VectorSampling(softmax),
                new VectorAdamW());
    }

    /** The separate operations, one after the other. */
    @Override
    public FusedKernels fused() {
        return new ReferenceFused(this);
    }

    @Override
    public String name() {
        return "vector-" + Lanes.COUNT * Float.SIZE;
    }
}
