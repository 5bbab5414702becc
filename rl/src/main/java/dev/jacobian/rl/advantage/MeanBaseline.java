// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.advantage;

/**
 * A_i = r_i - mean(r): the advantage of Dr.GRPO (arXiv 2503.20783) and of Kimi k1.5's online mirror descent (arXiv
 * 2501.12599), where the mean stands for τ log Z at large τ.
 */
public record MeanBaseline() implements GroupEstimator {

    @Override
    public double[] advantages(GroupRewards group) {
        return group.minus(group.mean());
    }
}
