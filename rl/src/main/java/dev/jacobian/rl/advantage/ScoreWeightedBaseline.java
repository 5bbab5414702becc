// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.advantage;

/**
 * A_i = r_i − b with b = Σ_j n_j r_j / Σ_j n_j and n_j = ‖∇log π(y_j)‖²: OPO's baseline (arXiv 2505.23585) as its theorem has it, the norms
 * {@linkplain PolicyViews#scoreNorms measured} on the parameters that learn.
 *
 * <p>Of all baselines that are one number for a prompt it makes Σ_j n_j (r_j − b)² least, which is the variance of the prompt's gradient
 * but for its mean's square. Where norms grow like lengths it is {@link LengthWeightedBaseline}.
 */
public record ScoreWeightedBaseline() implements GroupEstimator {
    @Override
    public boolean needsScoreNorms() {
        return true;
    }

    /** @throws IllegalArgumentException if rewards differ and nobody has measured norms */
    @Override
    public double[] advantages(GroupRewards group) {
        return group.isDegenerate() // whatever the weights are
                ? group.minus(group.mean())
                : group.minusWeighted(group.views()
                        .flatMap(PolicyViews::scoreNorms)
                        .orElseThrow(() -> new IllegalArgumentException(
                                "a baseline weighted by gradient norms needs them measured, and nobody did")));
    }
}
