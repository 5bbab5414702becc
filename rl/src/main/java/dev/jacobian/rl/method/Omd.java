// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.method;

import static dev.jacobian.rl.config.Checks.requireAtLeast;
import static dev.jacobian.rl.config.Checks.requirePositive;

import dev.jacobian.rl.advantage.AdvantageEstimator;
import dev.jacobian.rl.advantage.LogMeanExpBaseline;
import dev.jacobian.rl.advantage.MeanBaseline;
import dev.jacobian.rl.config.ConfigTree;
import dev.jacobian.rl.config.RolloutConfig;
import dev.jacobian.rl.config.Setting;
import dev.jacobian.rl.objective.Aggregation;
import dev.jacobian.rl.objective.SquaredLogRatio;

/**
 * Online policy mirror descent of Kimi k1.5 (arXiv 2501.12599, equation 3).
 *
 * <pre>
 * Δ_i  = Σ_t log(π / π_anchor)                  over the whole completion; the anchor is the policy that sampled it
 * A_i  = r_i − mean r                           or r_i − τ log mean exp(r / τ), of which the mean is the limit of large τ
 * loss = mean_i ( −A_i Σ_t log π + τ/2 Δ_i² )
 * </pre>
 *
 * <p>Off-policy by construction: several updates are made on the samples of one anchor. Then the anchor moves to the current
 * policy, by drawing new samples, and the optimizer forgets its moments. The anchor's log-probabilities are those that the
 * sampler recorded, so no second model is held.
 */
public record Omd(
        @Setting(value = "0.1", doc = "strength of the anchor, in reward per nat of a whole completion")
        double tau,

        @Setting(value = "mean", doc = "what is taken from the rewards: their mean, or the exact partition function")
        Partition partition,

        @Setting(value = "1", doc = "optimizer steps per rollout, on equal parts of it")
        int updatesPerRollout,

        @Setting(value = "true", doc = "forget the optimizer's moments when the anchor moves")
        boolean resetOptimizer)
        implements Method {
    /** How τ log Z is estimated from a group. */
    public enum Partition {
        /** The mean reward. */
        MEAN,
        /** τ log mean exp(r / τ). */
        LOG_MEAN_EXP
    }

    /** The mean reward as the partition function, one update. */
    public static final Omd DEFAULT = ConfigTree.defaults(Omd.class);

    public Omd {
        requirePositive("tau", tau);
        requireAtLeast("updates_per_rollout", 1, updatesPerRollout);
    }

    @Override
    public String name() {
        return "omd";
    }

    @Override
    public String paper() {
        return "Kimi k1.5, arXiv 2501.12599";
    }

    @Override
    public Algorithm algorithm(RolloutConfig rollout) {
        AdvantageEstimator advantages = switch (partition) {
            case MEAN -> new MeanBaseline();
            case LOG_MEAN_EXP -> new LogMeanExpBaseline(tau);
        };
        return new Algorithm(
                name(),
                advantages,
                SquaredLogRatio.mirrorDescent(tau),
                Aggregation.sequenceMeanTokenSum(),
                updatesPerRollout,
                false,
                resetOptimizer);
    }
}
