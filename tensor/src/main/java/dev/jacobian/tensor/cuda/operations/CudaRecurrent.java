// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.cuda.operations;

import dev.jacobian.tensor.DeltaForm;
import dev.jacobian.tensor.DeltaInputs;
import dev.jacobian.tensor.Nullable;
import dev.jacobian.tensor.RecurrentKernels;
import dev.jacobian.tensor.Segments;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.tensor.cuda.driver.CudaException;
import java.util.List;

/** Layers that carry a state: no kernel of theirs exists for a GPU yet, and each call says so. */
public final class CudaRecurrent implements RecurrentKernels {
    /** What is told whoever asks for them. */
    static CudaException refusal() {
        return new CudaException(
                "layers that carry a state from token to token are not computed on a GPU yet; use --device cpu");
    }

    @Override
    public boolean areThere() {
        return false;
    }

    @Override
    public void convolution(
            Tensor x, Tensor weight, @Nullable Tensor bias, Segments segments, List<Tensor> states, Tensor out) {
        throw refusal();
    }

    @Override
    public void convolutionBackward(
            Tensor dOut, Tensor x, Tensor weight, Segments segments, Tensor dX, @Nullable Tensor dWeight) {
        throw refusal();
    }

    @Override
    public void decay(Tensor x, Tensor logRate, Tensor bias, Tensor out) {
        throw refusal();
    }

    @Override
    public void decayBackward(
            Tensor dOut, Tensor x, Tensor logRate, Tensor bias, Tensor out, Tensor dX, @Nullable Tensor dLogRate) {
        throw refusal();
    }

    @Override
    public void deltaRule(DeltaInputs in, DeltaForm form, Segments segments, List<Tensor> states, Tensor out) {
        throw refusal();
    }

    @Override
    public void deltaRuleBackward(
            Tensor dOut, DeltaInputs in, DeltaForm form, Segments segments, DeltaInputs gradients) {
        throw refusal();
    }
}
