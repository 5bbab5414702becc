// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.counted;

import dev.jacobian.tensor.SoftmaxKernels;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.tensor.reference.ReferenceSampling;

/** Choosing tokens as the CPU does, with the arrays that this takes; token 0 every time. */
final class CountedSampling extends ReferenceSampling {
    CountedSampling(SoftmaxKernels softmax) {
        super(softmax);
    }

    @Override
    public int[] argmax(Tensor logits) {
        return new int[logits.extent(0)];
    }

    @Override
    protected int[] draw(Tensor probabilities, long seed, int[] coordinates) {
        return new int[probabilities.extent(0)];
    }
}
