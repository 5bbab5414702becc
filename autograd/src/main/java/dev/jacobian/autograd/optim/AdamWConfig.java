// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.autograd.optim;

/**
 * Hyper-parameters of {@link AdamW}; the defaults of {@code torch.optim.AdamW} except for weight decay, which
 * reinforcement learning and the Hugging Face trainer leave at 0.
 */
public record AdamWConfig(double beta1, double beta2, double epsilon, double weightDecay) {
    /** β1 = 0.9, β2 = 0.999, ε = 1e-8, no weight decay. */
    public static final AdamWConfig DEFAULT = new AdamWConfig(0.9, 0.999, 1e-8, 0.0);

    public AdamWConfig {
        if (!(beta1 >= 0 && beta1 < 1) || !(beta2 >= 0 && beta2 < 1)) {
            throw new IllegalArgumentException("betas must lie in [0, 1), got " + beta1 + " and " + beta2);
        }
        if (!(epsilon > 0) || !(weightDecay >= 0)) {
            throw new IllegalArgumentException(
                    "epsilon must be positive and weight decay not negative, got " + epsilon + " and " + weightDecay);
        }
    }

    /** The same with another weight decay. */
    public AdamWConfig withWeightDecay(double value) {
        return new AdamWConfig(beta1, beta2, epsilon, value);
    }
}
