// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.autograd.optim;

import dev.jacobian.autograd.Parameter;
import java.util.List;
import java.util.function.Predicate;

/**
 * RMSprop (Tieleman and Hinton, 2012) as {@code torch.optim.RMSprop} computes it: {@code v = α v + (1 − α) g², b = μ b + g / (√v + ε),
 * p −= lr · b}, with decay · p in g.
 */
public final class RmsProp extends HostOptimizer {
    private final double alpha;
    private final double epsilon;
    private final double momentum;

    /**
     * @param alpha torch's default is 0.99
     * @param epsilon torch's default is 1e-8
     * @param momentum torch's default is 0
     * @param decayed which parameters the weight decay is for
     */
    public RmsProp(
            List<Parameter> parameters,
            double alpha,
            double epsilon,
            double momentum,
            double weightDecay,
            Predicate<Parameter> decayed) {
        super(parameters, weightDecay, decayed);
        this.alpha = alpha;
        this.epsilon = epsilon;
        this.momentum = momentum;
        prepareAll();
    }

    @Override
    void prepare(Slot slot) {
        slot.remember("square_avg", slot.size());
        if (momentum > 0) {
            slot.remember("momentum", slot.size());
        }
    }

    @Override
    void update(Slot slot, double[] weights, double[] gradient, double learningRate, long step) {
        float[] squares = slot.remember("square_avg").floats();
        float[] buffer = momentum > 0 ? slot.remember("momentum").floats() : squares;
        for (int i = 0; i < weights.length; i++) {
            double g = gradient[i] + slot.decay * weights[i];
            squares[i] = (float) (alpha * squares[i] + (1 - alpha) * g * g);
            double change = g / (Math.sqrt(squares[i]) + epsilon);
            if (momentum > 0) {
                buffer[i] = (float) (momentum * buffer[i] + change);
                change = buffer[i];
            }
            weights[i] -= learningRate * change;
        }
    }
}
