// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.method;

import static dev.jacobian.rl.config.Checks.require;
import static dev.jacobian.rl.config.Checks.requireAtLeast;
import static dev.jacobian.rl.config.Checks.requirePositive;

import dev.jacobian.rl.advantage.GroupNormalized;
import dev.jacobian.rl.config.ConfigTree;
import dev.jacobian.rl.config.Defaults;
import dev.jacobian.rl.config.RolloutConfig;
import dev.jacobian.rl.config.Setting;
import dev.jacobian.rl.objective.Aggregation;
import dev.jacobian.rl.objective.ClipCovariance;
import dev.jacobian.rl.objective.ClippedSurrogate;

/**
 * Clip-Cov: {@link Grpo} that keeps its entropy by leaving out the few tokens that would cost most of it.
 *
 * <pre>
 * A_i  = (r_i − mean r) / (std r + 1e-6)                      within the group of a prompt
 * c_t  = (A_t − mean A)(log π_t − mean log π)                 over the tokens of the micro-batch
 * L    = −min(ρ A, clip(ρ, 1 − ε, 1 + ε_high) A)              per token; 0 for some with c between two bounds
 * loss = Σ L / Σ tokens                                       over the whole optimizer step
 * </pre>
 *
 * <p>Of the candidates those of the largest covariance are left out, where the authors draw.
 */
public record ClipCov(
        @Setting(value = "1e-6", doc = "added to the standard deviation of rewards, in units of reward")
        double advantageEpsilon,

        @Defaults("epsilon_high=0.2") ClipRange clip,

        @Setting(value = "2e-4", doc = "share of the tokens that are left out, though at least one")
        double clipCovRatio,

        @Setting(value = "1.0", doc = "smallest covariance of a candidate")
        double clipCovLb,

        @Setting(value = "5.0", doc = "largest covariance of a candidate")
        double clipCovUb,

        @Setting(value = "4", doc = "optimizer steps per rollout, on equal parts of it")
        int updatesPerRollout)
        implements Method {
    /** The settings of the paper, or of the library that the field runs. */
    public static final ClipCov DEFAULT = ConfigTree.defaults(ClipCov.class);

    public ClipCov {
        requirePositive("advantage_epsilon", advantageEpsilon);
        require(clipCovRatio > 0 && clipCovRatio <= 1, "clip_cov_ratio must lie in (0, 1], got " + clipCovRatio);
        require(clipCovLb < clipCovUb, "clip_cov_lb must be below clip_cov_ub, got " + clipCovLb + " and " + clipCovUb);
        requireAtLeast("updates_per_rollout", 1, updatesPerRollout);
    }

    @Override
    public String name() {
        return "clip_cov";
    }

    @Override
    public String paper() {
        return "Cui et al., arXiv 2505.22617";
    }

    @Override
    public Algorithm algorithm(RolloutConfig rollout) {
        ClippedSurrogate surrogate = new ClippedSurrogate(clip.epsilon(), clip.high());
        return new Algorithm(
                        name(),
                        new GroupNormalized(advantageEpsilon),
                        surrogate,
                        Aggregation.tokenMean(),
                        updatesPerRollout)
                .with(Algorithm.Extras.NONE.withWeighting(
                        new ClipCovariance(clipCovRatio, clipCovLb, clipCovUb, surrogate)));
    }
}
