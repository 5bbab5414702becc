// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer;

import dev.jacobian.autograd.Var;
import dev.jacobian.tensor.Rng;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.transformer.plan.TensorSpec;

/** Random weights as transformers initialises them; each parameter draws from a stream of its own. */
final class FreshWeights implements Weights {
    private final double deviation;
    private final long seed;
    private long stream;

    /**
     * Weights of one model.
     *
     * @param deviation standard deviation of matrices and tables
     */
    FreshWeights(double deviation, long seed) {
        this.deviation = deviation;
        this.seed = seed;
    }

    @Override
    public Var get(TensorSpec spec) {
        Tensor value = Tensor.zeros(spec.shape());
        Rng rng = new Rng(seed, stream++);
        switch (spec.kind()) {
            case GAIN -> value.fill(1f);
            case BIAS, EXPERT_BIASES, BUFFER -> {} // zero
            case TABLE, MATRIX, EXPERTS -> {
                for (int i = 0; i < value.elements(); i++) {
                    value.floats()[i] = (float) (deviation * rng.nextGaussian());
                }
            }
        }
        return Weights.parameter(spec, value);
    }
}
