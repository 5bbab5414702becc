// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.advantage;

import dev.jacobian.rl.objective.KlEstimator;

/**
 * A KL penalty in the reward, token by token, as PPO for language models has it:
 *
 * <pre>
 * r_t ← r_t − β KL_t,   KL_t from d = log π_old − log π_ref of the sampled token
 * </pre>
 *
 * <p>Unlike a penalty in the loss it is something that the policy is made to foresee: a value model learns it, and tokens answer for
 * the divergence of those that follow.
 *
 * @param coefficient β
 * @param estimator of the divergence
 */
public record TokenKl(double coefficient, KlEstimator estimator) {
    /** None. */
    public static final TokenKl NONE = new TokenKl(0, KlEstimator.K1);

    /** Checks that β is finite and not negative. */
    public TokenKl {
        if (!(coefficient >= 0) || Double.isInfinite(coefficient)) {
            throw new IllegalArgumentException("kl_coef must be finite and at least 0, got " + coefficient);
        }
    }

    /**
     * The same rewards less the penalty. A sample without reward stays without.
     *
     * @throws IllegalArgumentException if there is a penalty and nobody knows what the reference policy says
     */
    public GroupRewards taken(GroupRewards group) {
        if (coefficient == 0) {
            return group;
        }
        PolicyViews views = group.views()
                .filter(known -> known.ref().isPresent())
                .orElseThrow(() -> new IllegalArgumentException(
                        "a KL penalty in the reward needs the reference policy's log-probabilities; set kl_coef to 0"
                                + " to do without"));
        double[][] tokens = new double[group.size()][];
        for (int i = 0; i < tokens.length; i++) {
            tokens[i] = group.tokenRewards(i);
            for (int t = 0; group.isScored(i) && t < tokens[i].length; t++) {
                double d = (double) views.old()[i][t] - views.ref().orElseThrow()[i][t];
                tokens[i][t] -= coefficient * estimator.value(d);
            }
        }
        return group.withTokenRewards(tokens);
    }
}
