// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.method;

import dev.jacobian.rl.advantage.LengthWeightedBaseline;
import dev.jacobian.rl.config.ConfigTree;
import dev.jacobian.rl.config.RolloutConfig;
import dev.jacobian.rl.config.Setting;
import dev.jacobian.rl.objective.Reinforce;

/**
 * On-policy optimisation with the optimal baseline (Hao et al., arXiv 2505.23585).
 *
 * <pre>
 * b    = Σ l_i r_i / Σ l_i        the baseline of least variance if token gradients are orthogonal and equally long
 * A_i  = r_i − b                  no division by a deviation
 * L    = −A log π                 per token; no ratio, no clip, no KL, no entropy bonus
 * </pre>
 *
 * <p>Exactly on-policy: one update per batch of samples, checked bit for bit against the sampler's log-probabilities.
 */
public record Opo(
        @Setting(value = "dapo", doc = "how token losses become one number")
        LossType lossType) implements Method {
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
        return new Algorithm(
                name(),
                new LengthWeightedBaseline(),
                new Reinforce(),
                lossType.aggregation(rollout.maxCompletionLength()),
                1,
                true,
                false);
    }
}
