// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.advantage;

/**
 * A_i = (r_i − mean(r)) / mean(r): maximum-likelihood reinforcement learning (MaxRL, arXiv 2602.02710).
 *
 * <p>For rewards of 0 and 1 the mean of A ∇log π is an estimate of the gradient of log P(success) rather than of P(success), cut off at
 * as many terms as there are samples: a prompt that is solved once in G samples pulls G times as strongly as under {@link MeanBaseline}. A
 * group without success has no gradient.
 */
public record MeanNormalized() implements GroupEstimator {

    @Override
    public double[] advantages(GroupRewards group) {
        double mean = group.mean();
        double[] advantages = group.minus(mean);
        for (int i = 0; i < advantages.length; i++) {
            if (group.isScored(i) && group.rewards()[i] < 0) {
                throw new IllegalArgumentException("reward " + i + " of a group is " + group.rewards()[i]
                        + "; maximum-likelihood advantages divide by the mean reward, so rewards must not be negative");
            }
            advantages[i] = mean > 0 ? advantages[i] / mean : 0;
        }
        return advantages;
    }
}
