// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.method;

import static dev.jacobian.rl.config.Checks.require;
import static dev.jacobian.rl.config.Checks.requireAtLeast;

import dev.jacobian.rl.advantage.BatchWhitened;
import dev.jacobian.rl.advantage.MeanBaseline;
import dev.jacobian.rl.config.ConfigTree;
import dev.jacobian.rl.config.RolloutConfig;
import dev.jacobian.rl.config.Setting;
import dev.jacobian.rl.objective.Aggregation;
import dev.jacobian.rl.objective.ClippedSurrogate;
import dev.jacobian.rl.objective.KlEstimator;
import dev.jacobian.rl.objective.KlPenalty;
import dev.jacobian.rl.objective.RatioLevel;

/**
 * REINFORCE++ with a baseline for each prompt.
 *
 * <pre>
 * d_i  = r_i − mean r                                         within the group of a prompt
 * A    = (d − mean d) / √(var d + 1e-8)                       over all tokens of the rollout
 * L    = −min(ρ A, clip(ρ, 1 − ε, 1 + ε_high) A) + β KL       per token
 * loss = Σ L / Σ tokens                                       over the whole optimizer step
 * </pre>
 *
 * <p>One deviation divides all groups, where {@link Grpo} has one for each: a group of nearly equal rewards is not blown up.
 */
public record ReinforcePlusPlusBaseline(
        @Setting(value = "0.2", doc = "how far the ratio may fall below 1")
        double epsilon,

        @Setting(value = "0.2", doc = "how far the ratio may rise above 1 (an offset)")
        double epsilonHigh,

        @Setting(value = "0.0", doc = "coefficient of the KL penalty to the initial model; 0 needs no second model")
        double beta,

        @Setting(value = "k3", doc = "estimator of that divergence, such as k1, k2 or k3")
        KlEstimator klEstimator,

        @Setting(value = "1", doc = "optimizer steps per rollout, on equal parts of it")
        int updatesPerRollout)
        implements Method {
    /** The settings of the paper, or of the library that the field runs. */
    public static final ReinforcePlusPlusBaseline DEFAULT = ConfigTree.defaults(ReinforcePlusPlusBaseline.class);

    public ReinforcePlusPlusBaseline {
        require(epsilon >= 0 && epsilon <= 1, "epsilon must lie in [0, 1], got " + epsilon);
        require(
                epsilonHigh >= 0,
                "epsilon_high is the offset above 1, not the largest ratio, and at least 0; got " + epsilonHigh);
        requireAtLeast("beta", 0, beta);
        requireAtLeast("updates_per_rollout", 1, updatesPerRollout);
    }

    @Override
    public String name() {
        return "reinforce_plus_plus_baseline";
    }

    @Override
    public String paper() {
        return "Hu et al., arXiv 2501.03262";
    }

    @Override
    public Algorithm algorithm(RolloutConfig rollout) {
        return new Algorithm(
                name(),
                new BatchWhitened(new MeanBaseline()),
                new ClippedSurrogate(epsilon, epsilonHigh, new KlPenalty(beta, klEstimator), RatioLevel.TOKEN),
                Aggregation.tokenMean(),
                updatesPerRollout,
                false,
                false);
    }
}
