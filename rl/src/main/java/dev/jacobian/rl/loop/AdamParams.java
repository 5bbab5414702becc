// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.loop;

import dev.jacobian.autograd.optim.AdamWConfig;

/**
 * The numbers of one optimizer step, with Tinker's names and defaults; they differ from torch's in β2 and ε.
 *
 * @param learningRate step size
 * @param beta1 decay of the first moment
 * @param beta2 decay of the second
 * @param epsilon added to the root of the second
 * @param weightDecay part of a weight that is taken away, times the learning rate; of all but norms and biases
 * @param gradClipNorm limit of the gradient's norm over all parameters; 0 for none
 */
public record AdamParams(
        double learningRate, double beta1, double beta2, double epsilon, double weightDecay, double gradClipNorm) {
    /** 1e-4, 0.9, 0.95, 1e-12, no decay, no limit. */
    public static final AdamParams DEFAULT = new AdamParams(1e-4, 0.9, 0.95, 1e-12, 0, 0);

    public AdamParams {
        if (!(learningRate >= 0 && learningRate < 1)) {
            throw new IllegalArgumentException("learning_rate must lie in [0, 1), got " + learningRate);
        }
        if (!(gradClipNorm >= 0 && gradClipNorm < Double.POSITIVE_INFINITY)) {
            throw new IllegalArgumentException("grad_clip_norm must be 0 for no limit, or more, got " + gradClipNorm);
        }
        AdamWConfig checked = new AdamWConfig(beta1, beta2, epsilon, weightDecay); // refuses what makes no sense
        if (!(checked.epsilon() < Double.POSITIVE_INFINITY && checked.weightDecay() < Double.POSITIVE_INFINITY)) {
            throw new IllegalArgumentException(
                    "eps and weight_decay must be finite, got " + epsilon + " and " + weightDecay);
        }
    }

    /** The same with another learning rate. */
    public AdamParams withLearningRate(double value) {
        return new AdamParams(value, beta1, beta2, epsilon, weightDecay, gradClipNorm);
    }

    AdamWConfig adamW() {
        return new AdamWConfig(beta1, beta2, epsilon, weightDecay);
    }
}
