// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.reference;

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

/**
 * The specification of every kernel, as plain loops; also the fallback where the Vector API is missing.
 *
 * <p>Written to be read, not to be fast: expect a hundredth of the vector backend's speed.
 */
public record ReferenceBackend(
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
    public static ReferenceBackend create() {
        MatrixKernels matrices = new ReferenceMatMul();
        SoftmaxKernels softmax = new ReferenceSoftmax();
        return new ReferenceBackend(
                matrices,
                new ReferenceElementwise(),
                new ReferenceNorm(),
                new ReferenceActivation(),
                new ReferenceRotary(),
                new ReferenceRows(),
                new ReferenceAttention(),
                new ReferenceRecurrent(),
                new ReferenceExperts(matrices),
                softmax,
                new ReferenceSampling(softmax),
                new ReferenceAdamW());
    }

    /** The separate operations, one after the other. */
    @Override
    public FusedKernels fused() {
        return new ReferenceFused(this);
    }

    @Override
    public String name() {
        return "reference";
    }
}
