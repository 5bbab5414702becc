// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.method;

import dev.jacobian.rl.advantage.MeanNormalized;
import dev.jacobian.rl.config.ConfigTree;
import dev.jacobian.rl.config.RolloutConfig;
import dev.jacobian.rl.config.Setting;
import dev.jacobian.rl.objective.Reinforce;

/**
 * Maximum-likelihood reinforcement learning: the gradient of log P(success) instead of P(success).
 *
 * <pre>
 * A_i  = (r_i − mean r) / mean r                              within the group of a prompt; 0 where nothing succeeded
 * L    = −A log π                                             per token
 * loss = Σ L / Σ tokens                                       over the whole optimizer step
 * </pre>
 *
 * <p>A prompt that is solved once in G samples weighs G times as much as one that is always solved, as it does in supervised learning. For
 * rewards of 0 and 1; none may be negative. Strictly on-policy.
 */
public record MaxRl(
        @Setting(value = "dapo", doc = "how token losses become one number")
        LossType lossType,

        OnPolicyConfig onPolicy) implements Method {
    /** The settings of the paper, or of the library that the field runs. */
    public static final MaxRl DEFAULT = ConfigTree.defaults(MaxRl.class);

    @Override
    public String name() {
        return "maxrl";
    }

    @Override
    public String paper() {
        return "arXiv 2602.02710";
    }

    @Override
    public Algorithm algorithm(RolloutConfig rollout) {
        return new Algorithm(
                name(),
                new MeanNormalized(),
                new Reinforce(),
                lossType.aggregation(rollout.maxCompletionLength()),
                1,
                onPolicy.strictOnPolicy(),
                false);
    }
}
