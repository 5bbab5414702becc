// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.method;

import static dev.jacobian.rl.config.Checks.requireAtLeast;
import static dev.jacobian.rl.config.Checks.requirePositive;

import dev.jacobian.rl.advantage.AdvantageEstimator;
import dev.jacobian.rl.advantage.FixedBaseline;
import dev.jacobian.rl.advantage.MeanBaseline;
import dev.jacobian.rl.config.ConfigTree;
import dev.jacobian.rl.config.RolloutConfig;
import dev.jacobian.rl.config.Setting;
import dev.jacobian.rl.objective.Aggregation;
import dev.jacobian.rl.objective.SquaredLogRatio;

/**
 * General preference optimisation (Zhang et al., arXiv 2410.02197): SPPO on preference scores instead of win rates.
 *
 * <pre>
 * ŝ_i  = mean_j s(y_i beats y_j)                              skew-symmetric scores; of rewards r_i − mean r
 * Δ_i  = Σ_t log(π / π_anchor)                                over the whole completion; the anchor is the policy that sampled it
 * loss = mean_i ( Δ_i − ŝ_i / β )²
 * </pre>
 *
 * <p>Scores may come from a general preference model, whose preferences need not follow from any reward ({@code
 * PreferenceReward.score}). Not to be confused with generalised preference optimisation (arXiv 2402.05749).
 */
public record Gpo(
        @Setting(value = "0.001", doc = "strength of the anchor: score per nat of a whole completion")
        double beta,

        @Setting(
                value = "difference",
                doc = "scores: differences of rewards, or the rewards themselves (given) where a preference model"
                        + " gives them")
        Scores preference,

        @Setting(value = "all", doc = "samples of a group that are learned from")
        Sampled learnFrom,

        @Setting(value = "1", doc = "optimizer steps per rollout, on equal parts of it")
        int updatesPerRollout)
        implements Method {
    /** Where scores come from. */
    public enum Scores {
        /** From rewards: how much higher. */
        DIFFERENCE,
        /** The rewards are mean scores already. */
        GIVEN
    }

    /** The paper's β, all samples. */
    public static final Gpo DEFAULT = ConfigTree.defaults(Gpo.class);

    public Gpo {
        requirePositive("beta", beta);
        requireAtLeast("updates_per_rollout", 1, updatesPerRollout);
    }

    @Override
    public String name() {
        return "gpo";
    }

    @Override
    public String paper() {
        return "Zhang et al., arXiv 2410.02197";
    }

    @Override
    public Algorithm algorithm(RolloutConfig rollout) {
        AdvantageEstimator scores = preference == Scores.GIVEN ? new FixedBaseline(0) : new MeanBaseline();
        return new Algorithm(
                name(),
                learnFrom.of(scores),
                SquaredLogRatio.sppo(1 / beta),
                Aggregation.sequenceMeanTokenSum(),
                updatesPerRollout);
    }
}
