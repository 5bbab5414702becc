// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.advantage;

import java.util.Arrays;

/**
 * A_i = r_i - b with b = Σ_j l_j r_j / Σ_j l_j: the baseline of OPO (arXiv 2505.23585).
 *
 * <p>The baseline of least variance weights each reward by the squared norm of its score ∇log π(y). If the gradients of
 * tokens are roughly orthogonal and of one size, that norm grows like the length l, which gives this formula. It
 * belongs with losses that sum over tokens (token mean, token sum, constant divisor): under a per-sequence mean the
 * optimal weights would be 1/l instead. There, Σ_i l_i A_i = 0: the summed advantage of a group's tokens vanishes.
 *
 * <p>If no scored sample has a counted token the group has no gradient, and its advantages are 0.
 */
public record LengthWeightedBaseline() implements GroupEstimator {

    @Override
    public double[] advantages(GroupRewards group) {
        return group.minusWeighted(
                Arrays.stream(group.lengths()).asDoubleStream().toArray());
    }
}
