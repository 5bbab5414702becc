// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.method;

import static dev.jacobian.rl.config.Checks.require;
import static dev.jacobian.rl.config.Checks.requireAtLeast;
import static dev.jacobian.rl.config.Checks.requirePositive;

import dev.jacobian.rl.advantage.GroupNormalized;
import dev.jacobian.rl.config.ConfigTree;
import dev.jacobian.rl.config.RolloutConfig;
import dev.jacobian.rl.config.Setting;
import dev.jacobian.rl.objective.Aggregation;
import dev.jacobian.rl.objective.CovariancePenalty;

/**
 * KL-Cov: the surrogate without a clip, in which the few tokens that would cost most entropy are held near the policy that sampled.
 *
 * <pre>
 * A_i  = (r_i − mean r) / (std r + 1e-6)                      within the group of a prompt
 * c_t  = (A_t − mean A)(log π_t − mean log π)                 over the tokens of the micro-batch
 * L    = −ρ A  + c |log π − log π_old|                        per token; the second term for those of the largest c_t
 * loss = Σ L / Σ tokens                                       over the whole optimizer step
 * </pre>
 */
public record KlCov(
        @Setting(value = "1e-6", doc = "added to the standard deviation of rewards, in units of reward")
        double advantageEpsilon,

        @Setting(value = "2e-4", doc = "share of the tokens that are held, though at least one")
        double klCovRatio,

        @Setting(value = "1.0", doc = "how strongly they are held, in reward per nat")
        double ppoKlCoef,

        @Setting(value = "4", doc = "optimizer steps per rollout, on equal parts of it")
        int updatesPerRollout)
        implements Method {
    /** The settings of the paper, or of the library that the field runs. */
    public static final KlCov DEFAULT = ConfigTree.defaults(KlCov.class);

    public KlCov {
        requirePositive("advantage_epsilon", advantageEpsilon);
        require(klCovRatio > 0 && klCovRatio <= 1, "kl_cov_ratio must lie in (0, 1], got " + klCovRatio);
        requireAtLeast("ppo_kl_coef", 0, ppoKlCoef);
        requireAtLeast("updates_per_rollout", 1, updatesPerRollout);
    }

    @Override
    public String name() {
        return "kl_cov";
    }

    @Override
    public String paper() {
        return "Cui et al., arXiv 2505.22617";
    }

    @Override
    public Algorithm algorithm(RolloutConfig rollout) {
        return new Algorithm(
                name(),
                new GroupNormalized(advantageEpsilon),
                new CovariancePenalty(klCovRatio, ppoKlCoef),
                Aggregation.tokenMean(),
                updatesPerRollout);
    }
}
