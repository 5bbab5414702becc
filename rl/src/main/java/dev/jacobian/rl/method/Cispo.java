// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.method;

import static dev.jacobian.rl.config.Checks.require;
import static dev.jacobian.rl.config.Checks.requireAtLeast;
import static dev.jacobian.rl.config.Checks.requirePositive;

import dev.jacobian.rl.config.ConfigTree;
import dev.jacobian.rl.config.RolloutConfig;
import dev.jacobian.rl.config.Setting;
import dev.jacobian.rl.objective.Aggregation;
import dev.jacobian.rl.objective.CappedImportance;

/**
 * CISPO of MiniMax-M1 (arXiv 2506.13585): the importance weight is capped and taken as a constant, so that no token loses its
 * gradient, as clipped tokens do in {@link Grpo}.
 *
 * <pre>
 * A_i  = (r_i − mean r) / (std r + 1e-4)
 * w    = min(ρ, ε_high)                                       without gradient
 * L    = −w A log π + β KL                                    per token
 * loss = Σ L / Σ tokens                                       over the whole optimizer step
 * </pre>
 *
 * <p>The cap is named as in TRL, where it is the largest weight itself too. TRL's default for it is GRPO's offset 0.2, which caps
 * every weight; here it is ScaleRL's 5, and anything below 1 is refused.
 */
public record Cispo(
        @Setting(
                value = "group",
                doc = "what divides the advantages: the standard deviation of the group, of the batch, or nothing")
        ScaleRewards scaleRewards,

        @Setting(value = "1e-4", doc = "added to that standard deviation, in units of reward")
        double advantageEpsilon,

        @Setting(value = "5.0", doc = "the largest importance weight itself, at least 1 (not an offset)")
        double epsilonHigh,

        KlTerm kl,

        @Setting(value = "1", doc = "optimizer steps per rollout, on equal parts of it")
        int updatesPerRollout)
        implements Method {
    /** ScaleRL's cap, no KL term, one update. */
    public static final Cispo DEFAULT = ConfigTree.defaults(Cispo.class);

    public Cispo {
        requirePositive("advantage_epsilon", advantageEpsilon);
        require(
                epsilonHigh >= 1,
                "epsilon_high is the largest importance weight itself, not an offset from 1 as GRPO's, so it must be at"
                        + " least 1; got " + epsilonHigh);
        requireAtLeast("updates_per_rollout", 1, updatesPerRollout);
    }

    @Override
    public String name() {
        return "cispo";
    }

    @Override
    public String paper() {
        return "MiniMax-M1, arXiv 2506.13585";
    }

    @Override
    public Algorithm algorithm(RolloutConfig rollout) {
        return new Algorithm(
                name(),
                scaleRewards.advantages(advantageEpsilon),
                new CappedImportance(epsilonHigh, kl.penalty()),
                Aggregation.tokenMean(),
                updatesPerRollout);
    }
}
