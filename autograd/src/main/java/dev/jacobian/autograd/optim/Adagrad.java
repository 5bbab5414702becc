// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.autograd.optim;

import dev.jacobian.autograd.Parameter;
import java.util.List;
import java.util.function.Predicate;

/**
 * Adagrad (Duchi, Hazan and Singer, 2011) as {@code torch.optim.Adagrad} computes it: {@code s += g², p −= lr · g / (√s + ε)}, with
 * decay · p in g.
 */
public final class Adagrad extends HostOptimizer {
    private final double epsilon;

    /**
     * @param epsilon torch's default is 1e-10
     * @param decayed which parameters the weight decay is for
     */
    public Adagrad(List<Parameter> parameters, double epsilon, double weightDecay, Predicate<Parameter> decayed) {
        super(parameters, weightDecay, decayed);
        this.epsilon = epsilon;
        prepareAll();
    }

    @Override
    void prepare(Slot slot) {
        slot.remember("sum", slot.size());
    }

    @Override
    void update(Slot slot, double[] weights, double[] gradient, double learningRate, long step) {
        float[] sum = slot.remember("sum").floats();
        for (int i = 0; i < weights.length; i++) {
            double g = gradient[i] + slot.decay * weights[i];
            sum[i] = (float) (sum[i] + g * g);
            weights[i] -= learningRate * g / (Math.sqrt(sum[i]) + epsilon);
        }
    }
}
