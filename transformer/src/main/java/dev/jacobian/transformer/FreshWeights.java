// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer;

import dev.jacobian.autograd.Var;
import dev.jacobian.tensor.Rng;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.transformer.plan.Role;
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
            case GAIN, HEAD_GAINS -> value.fill(1f);
            case GAIN_LESS_ONE, BIAS, EXPERT_BIASES, BUFFER -> {} // zero
            case PER_HEAD -> perHead(spec.role(), value, rng);
            case TABLE, MATRIX, EXPERTS, TAPS -> {
                for (int i = 0; i < value.elements(); i++) {
                    value.floats()[i] = (float) (deviation * rng.nextGaussian());
                }
            }
        }
        return Weights.parameter(spec, value);
    }

    /** Sinks of 0; rates of fading from 0 to 16, and a softplus of 1 and more for them to work on. */
    private static void perHead(Role role, Tensor value, Rng rng) {
        if (role == Role.SINKS) {
            return;
        }
        for (int i = 0; i < value.elements(); i++) {
            value.floats()[i] = role == Role.DELTA_LOG_RATE ? (float) StrictMath.log(16 * (1 - rng.nextDouble())) : 1f;
        }
    }
}
