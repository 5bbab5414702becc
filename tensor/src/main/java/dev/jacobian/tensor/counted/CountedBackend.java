// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.counted;

import dev.jacobian.tensor.ActivationKernels;
import dev.jacobian.tensor.AttentionKernels;
import dev.jacobian.tensor.Backend;
import dev.jacobian.tensor.BackendMemory;
import dev.jacobian.tensor.CountedArray;
import dev.jacobian.tensor.DType;
import dev.jacobian.tensor.DeviceArray;
import dev.jacobian.tensor.ElementwiseKernels;
import dev.jacobian.tensor.ExpertKernels;
import dev.jacobian.tensor.FusedKernels;
import dev.jacobian.tensor.MatrixKernels;
import dev.jacobian.tensor.NormKernels;
import dev.jacobian.tensor.OptimizerKernels;
import dev.jacobian.tensor.PositionKernels;
import dev.jacobian.tensor.RecurrentKernels;
import dev.jacobian.tensor.Replaying;
import dev.jacobian.tensor.RowKernels;
import dev.jacobian.tensor.SamplingKernels;
import dev.jacobian.tensor.SoftmaxKernels;
import dev.jacobian.tensor.reference.ReferenceFused;

/**
 * Computes nothing on arrays that are not there: the code of a model runs as it is, takes what it takes from the {@link
 * dev.jacobian.tensor.Workspace}, and that is counted. So what a run will need is known before any of it is allocated.
 *
 * <p>It stands for the CPU: arrays have the lengths, packed matrices the padding and caches the pages that they have there. What a
 * CPU kernel takes for itself and gives back within one call is not seen.
 */
public final class CountedBackend implements Backend, BackendMemory, Replaying {
    /** There is no state. */
    public static final CountedBackend INSTANCE = new CountedBackend();

    private final CountedKernels kernels = new CountedKernels();
    private final SamplingKernels sampling = new CountedSampling(kernels);

    private CountedBackend() {}

    @Override
    public String name() {
        return "counted";
    }

    @Override
    public DeviceArray allocate(DType dtype, int elements, boolean scoped) {
        return new CountedArray(dtype, elements);
    }

    /** Nothing is known of the numbers, so a computation may not depend on them. */
    @Override
    public boolean readsBack() {
        return false;
    }

    @Override
    public BackendMemory memory() {
        return this;
    }

    @Override
    public Replaying replaying() {
        return this;
    }

    @Override
    public MatrixKernels matrices() {
        return kernels;
    }

    @Override
    public ElementwiseKernels elementwise() {
        return kernels;
    }

    @Override
    public NormKernels norms() {
        return kernels;
    }

    @Override
    public ActivationKernels activations() {
        return kernels;
    }

    @Override
    public PositionKernels positions() {
        return kernels;
    }

    @Override
    public RowKernels rows() {
        return kernels;
    }

    @Override
    public AttentionKernels attention() {
        return kernels;
    }

    @Override
    public RecurrentKernels recurrent() {
        return kernels;
    }

    @Override
    public ExpertKernels experts() {
        return kernels;
    }

    /** The separate operations, one after the other, as on the CPU. */
    @Override
    public FusedKernels fused() {
        return new ReferenceFused(this);
    }

    @Override
    public SoftmaxKernels softmax() {
        return kernels;
    }

    @Override
    public SamplingKernels sampling() {
        return sampling;
    }

    @Override
    public OptimizerKernels optimizer() {
        return kernels;
    }
}
