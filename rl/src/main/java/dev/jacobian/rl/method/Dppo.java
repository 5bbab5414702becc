// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.method;

import static dev.jacobian.rl.config.Checks.requireAtLeast;

import dev.jacobian.rl.advantage.MeanBaseline;
import dev.jacobian.rl.config.ConfigTree;
import dev.jacobian.rl.config.RolloutConfig;
import dev.jacobian.rl.config.Setting;
import dev.jacobian.rl.objective.DivergenceMask;
import dev.jacobian.rl.objective.TokenObjective;

/**
 * Divergence-constrained policy optimisation: the trust region is one of distributions instead of one of token ratios.
 *
 * <pre>
 * A_i  = r_i − mean r                                         within the group of a prompt
 * L    = −min(ρ, cap) A log π                                 per token, the weight without gradient;
 *        0 where the token has gone too far in A's direction  |π − π_old|, or KL(π_old ‖ π) of "this token or another"
 * loss = Σ L / Σ tokens                                       over the whole optimizer step
 * </pre>
 *
 * <p>With one update per rollout nothing has moved yet, and this is the policy gradient.
 */
public record Dppo(
        @Setting(value = "tv", doc = "how far is measured: total variation or Kullback-Leibler")
        DivergenceMask.Divergence divergence,

        @Setting(value = "0.2", doc = "how far a token may be pushed down, in that divergence")
        double low,

        @Setting(value = "0.2", doc = "how far a token may be pushed up")
        double high,

        @Setting(value = "20.0", doc = "the largest importance weight itself")
        double ratioCap,

        @Setting(value = "dapo", doc = "how token losses become one number")
        LossType lossType,

        @Setting(value = "1", doc = "optimizer steps per rollout, on equal parts of it")
        int updatesPerRollout)
        implements Method {
    /** The settings of the paper, or of the library that the field runs. */
    public static final Dppo DEFAULT = ConfigTree.defaults(Dppo.class);

    public Dppo {
        requireAtLeast("low", 0, low);
        requireAtLeast("high", 0, high);
        requireAtLeast("ratio_cap", 1, ratioCap);
        requireAtLeast("updates_per_rollout", 1, updatesPerRollout);
    }

    @Override
    public String name() {
        return "dppo";
    }

    @Override
    public String paper() {
        return "arXiv 2602.04879";
    }

    @Override
    public Algorithm algorithm(RolloutConfig rollout) {
        return new Algorithm(
                name(),
                new MeanBaseline(),
                new TokenObjective(new DivergenceMask(divergence, low, high, ratioCap)),
                lossType.aggregation(rollout.maxCompletionLength()),
                updatesPerRollout);
    }
}
