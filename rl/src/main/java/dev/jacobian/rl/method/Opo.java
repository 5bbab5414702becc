// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.method;

import dev.jacobian.rl.advantage.AdvantageEstimator;
import dev.jacobian.rl.advantage.LengthWeightedBaseline;
import dev.jacobian.rl.advantage.ScoreWeightedBaseline;
import dev.jacobian.rl.config.ConfigTree;
import dev.jacobian.rl.config.RolloutConfig;
import dev.jacobian.rl.config.Setting;
import dev.jacobian.rl.objective.Reinforce;

/**
 * On-policy optimisation with the optimal baseline (Hao et al., arXiv 2505.23585).
 *
 * <pre>
 * b    = Σ n_i r_i / Σ n_i        the baseline of least variance
 *        n_i = ‖∇log π(y_i)‖²     exact: measured
 *        n_i = l_i                length: what that is if token gradients are orthogonal and equally long
 * A_i  = r_i − b                  no division by a deviation
 * L    = −A log π                 per token; no ratio, no clip, no KL, no entropy bonus
 * </pre>
 *
 * <p>Exactly on-policy: one update per batch of samples, checked bit for bit against the sampler's log-probabilities.
 */
public record Opo(
        @Setting(value = "dapo", doc = "how token losses become one number")
        LossType lossType,

        @Setting(
                value = "length",
                doc = "weights of rewards in the baseline: tokens, or squared gradient norms (exact), which cost a pass"
                        + " forward and backward for every sample alone")
        Baseline baseline,

        OnPolicyConfig onPolicy)
        implements Method {
    /** What a reward weighs in the baseline. */
    public enum Baseline {
        /** The sample's tokens. */
        LENGTH,
        /** The squared norm of its score. */
        EXACT
    }

    /** OPO as published. */
    public static final Opo DEFAULT = ConfigTree.defaults(Opo.class);

    @Override
    public String name() {
        return "opo";
    }

    @Override
    public String paper() {
        return "Hao et al., arXiv 2505.23585";
    }

    @Override
    public Algorithm algorithm(RolloutConfig rollout) {
        AdvantageEstimator advantages =
                baseline == Baseline.EXACT ? new ScoreWeightedBaseline() : new LengthWeightedBaseline();
        return new Algorithm(
                name(),
                advantages,
                new Reinforce(),
                lossType.aggregation(rollout.maxCompletionLength()),
                1,
                onPolicy.strictOnPolicy(),
                false);
    }
}
