// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.method;

import static dev.jacobian.rl.config.Checks.require;
import static dev.jacobian.rl.config.Checks.requireAtLeast;
import static dev.jacobian.rl.config.Checks.requirePositive;

import dev.jacobian.rl.config.ConfigTree;
import dev.jacobian.rl.config.RolloutConfig;
import dev.jacobian.rl.config.Setting;
import dev.jacobian.rl.objective.Aggregation;
import dev.jacobian.rl.objective.KlEstimator;
import dev.jacobian.rl.objective.KlPenalty;
import dev.jacobian.rl.objective.Reinforce;
import dev.jacobian.rl.rollout.ExtraSamples;

/**
 * Nash learning by mirror descent (Munos et al., arXiv 2312.00886): the policy learns to beat a mixture of itself and the initial
 * model, and so nears the equilibrium of the preference, which a best response to itself may circle for ever.
 *
 * <pre>
 * y'   ~ π^{1−c} π_ref^c                                      opponents, token by token
 * A_i  = mean_j P(y_i beats y'_j) − ½
 * loss = mean_i −A_i Σ_t log π  + β KL(π, π_ref)              by tokens, k2: its gradient is the divergence's
 * </pre>
 *
 * <p>One update per rollout.
 */
public record NashMd(
        @Setting(value = "0.5", doc = "part of the initial model in the opponents' mixture, c")
        double mixtureCoef,

        @Setting(value = "1", doc = "opponents that are sampled of every prompt")
        int opponents,

        @Setting(value = "0.1", doc = "coefficient of the KL penalty to the initial model")
        double beta,

        @Setting(
                value = "hard",
                doc = "win rates: of rewards by any margin (hard) or by how much (soft), or those of a judge of pairs"
                        + " (given)")
        Preferring preference,

        @Setting(value = "1.0", doc = "with soft win rates the log-odds that one unit of reward is worth")
        double preferenceScale)
        implements Method {
    /** TRL's mixture and β. */
    public static final NashMd DEFAULT = ConfigTree.defaults(NashMd.class);

    public NashMd {
        require(mixtureCoef >= 0 && mixtureCoef <= 1, "mixture_coef must lie in [0, 1], got " + mixtureCoef);
        requireAtLeast("opponents", 1, opponents);
        requireAtLeast("beta", 0, beta);
        requirePositive("preference_scale", preferenceScale);
    }

    @Override
    public String name() {
        return "nash_md";
    }

    @Override
    public String paper() {
        return "Munos et al., arXiv 2312.00886";
    }

    @Override
    public Algorithm algorithm(RolloutConfig rollout) {
        return new Algorithm(
                        name(),
                        preference.against(preferenceScale),
                        new Reinforce(new KlPenalty(beta, KlEstimator.K2)),
                        Aggregation.sequenceMeanTokenSum(),
                        1,
                        false,
                        false)
                .with(Algorithm.Extras.NONE.withSamples(new ExtraSamples.Mixed(opponents, mixtureCoef)));
    }
}
