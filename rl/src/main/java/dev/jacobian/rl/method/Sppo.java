// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.method;

import static dev.jacobian.rl.config.Checks.requireAtLeast;
import static dev.jacobian.rl.config.Checks.requirePositive;

import dev.jacobian.rl.config.ConfigTree;
import dev.jacobian.rl.config.RolloutConfig;
import dev.jacobian.rl.config.Setting;
import dev.jacobian.rl.objective.Aggregation;
import dev.jacobian.rl.objective.SquaredLogRatio;

/**
 * Self-play preference optimisation (Wu et al., arXiv 2405.00675).
 *
 * <pre>
 * P̂_i  = mean_j P(y_i beats y_j)                              over the samples of a prompt, itself included
 * Δ_i  = Σ_t log(π / π_anchor)                                over the whole completion; the anchor is the policy that sampled it
 * loss = mean_i ( Δ_i − (P̂_i − ½) / β )²
 * </pre>
 *
 * <p>An iteration is a rollout: then the anchor moves to the current policy. On its first step the gradient is 2/β times that of
 * REINFORCE with the win rate as reward and ½ as baseline. The released code learns from the best and the worst of five.
 */
public record Sppo(
        @Setting(value = "0.001", doc = "strength of the anchor (1/η): win rate per nat of a whole completion")
        double beta,

        @Setting(
                value = "hard",
                doc = "win rates: of rewards by any margin (hard) or by how much (soft), or the rewards themselves"
                        + " (given)")
        Preferring preference,

        @Setting(value = "1.0", doc = "with soft win rates the log-odds that one unit of reward is worth")
        double preferenceScale,

        @Setting(value = "all", doc = "samples of a group that are learned from")
        Sampled learnFrom,

        @Setting(value = "1", doc = "optimizer steps per rollout, on equal parts of it")
        int updatesPerRollout)
        implements Method {
    /** The paper's β, all samples. */
    public static final Sppo DEFAULT = ConfigTree.defaults(Sppo.class);

    public Sppo {
        requirePositive("beta", beta);
        requirePositive("preference_scale", preferenceScale);
        requireAtLeast("updates_per_rollout", 1, updatesPerRollout);
    }

    @Override
    public String name() {
        return "sppo";
    }

    @Override
    public String paper() {
        return "Wu et al., arXiv 2405.00675";
    }

    @Override
    public Algorithm algorithm(RolloutConfig rollout) {
        return new Algorithm(
                name(),
                learnFrom.of(preference.advantages(preferenceScale)),
                SquaredLogRatio.sppo(1 / beta),
                Aggregation.sequenceMeanTokenSum(),
                updatesPerRollout);
    }
}
