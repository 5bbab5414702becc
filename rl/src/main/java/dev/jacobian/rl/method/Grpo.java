// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.method;

import static dev.jacobian.rl.config.Checks.require;
import static dev.jacobian.rl.config.Checks.requireAtLeast;
import static dev.jacobian.rl.config.Checks.requirePositive;

import dev.jacobian.rl.config.ConfigTree;
import dev.jacobian.rl.config.RolloutConfig;
import dev.jacobian.rl.config.Setting;
import dev.jacobian.rl.objective.ClippedSurrogate;
import dev.jacobian.rl.objective.KlEstimator;
import dev.jacobian.rl.objective.KlPenalty;
import dev.jacobian.rl.objective.RatioLevel;

/**
 * Group relative policy optimisation (DeepSeekMath, arXiv 2402.03300), as TRL runs it by default.
 *
 * <pre>
 * A_i  = (r_i − mean r) / (std r + 1e-4)                      within the group of a prompt
 * L    = −min(ρ A, clip(ρ, 1 − ε, 1 + ε_high) A) + β KL       per token
 * loss = Σ L / Σ tokens                                       over the whole optimizer step
 * </pre>
 *
 * <p>Differences to the paper that TRL's defaults make: no KL term (β = 0, so no reference model), and the token mean of DAPO
 * instead of each completion's own mean, which favours long wrong answers. With one update per rollout the ratio ρ is
 * exactly 1 and clipping idles. DAPO's loss, Dr.GRPO and GSPO are settings of it: {@code loss_type=dapo epsilon_high=0.28},
 * {@code loss_type=dr_grpo scale_rewards=none}, {@code importance_sampling_level=sequence loss_type=grpo}.
 */
public record Grpo(
        @Setting(value = "dapo", doc = "how token losses become one number")
        LossType lossType,

        @Setting(
                value = "group",
                doc = "what divides the advantages: the standard deviation of the group, of the batch, or nothing")
        ScaleRewards scaleRewards,

        @Setting(value = "1e-4", doc = "added to that standard deviation, in units of reward")
        double advantageEpsilon,

        @Setting(
                value = "token",
                doc = "what the ratio is taken of; sequence: its geometric mean over a completion (GSPO)")
        ImportanceSamplingLevel importanceSamplingLevel,

        @Setting(value = "0.2", doc = "how far the ratio may fall below 1")
        double epsilon,

        @Setting(value = "0.2", doc = "how far the ratio may rise above 1 (an offset)")
        double epsilonHigh,

        @Setting(value = "0.0", doc = "coefficient of the KL penalty to the initial model; 0 needs no second model")
        double beta,

        @Setting(
                value = "k3",
                doc = "estimator of that divergence: k1 (no gradient in the mean), k2 or k3; not clamped")
        KlEstimator klEstimator,

        @Setting(value = "1", doc = "optimizer steps per rollout, on equal parts of it")
        int updatesPerRollout)
        implements Method {
    /** The settings that TRL has by default. */
    public static final Grpo DEFAULT = ConfigTree.defaults(Grpo.class);

    public Grpo {
        requirePositive("advantage_epsilon", advantageEpsilon);
        require(epsilon >= 0 && epsilon <= 1, "epsilon must lie in [0, 1], got " + epsilon);
        require(
                epsilonHigh >= 0,
                "epsilon_high is the offset above 1, not the largest ratio, and at least 0; got " + epsilonHigh);
        requireAtLeast("beta", 0, beta);
        requireAtLeast("updates_per_rollout", 1, updatesPerRollout);
    }

    @Override
    public String name() {
        return "grpo";
    }

    @Override
    public String paper() {
        return "DeepSeekMath, arXiv 2402.03300";
    }

    @Override
    public Algorithm algorithm(RolloutConfig rollout) {
        RatioLevel level =
                importanceSamplingLevel == ImportanceSamplingLevel.TOKEN ? RatioLevel.TOKEN : RatioLevel.SEQUENCE_MEAN;
        return new Algorithm(
                name(),
                scaleRewards.advantages(advantageEpsilon),
                new ClippedSurrogate(epsilon, epsilonHigh, new KlPenalty(beta, klEstimator), level),
                lossType.aggregation(rollout.maxCompletionLength()),
                updatesPerRollout,
                false,
                false);
    }

    /** The same with another {@code loss_type}. */
    public Grpo withLossType(LossType value) {
        return ConfigTree.with(this, "loss_type", value);
    }

    /** The same with another {@code scale_rewards}. */
    public Grpo withScaleRewards(ScaleRewards value) {
        return ConfigTree.with(this, "scale_rewards", value);
    }

    /** The same with another {@code importance_sampling_level}. */
    public Grpo withImportanceSamplingLevel(ImportanceSamplingLevel value) {
        return ConfigTree.with(this, "importance_sampling_level", value);
    }

    /** The same with another clip range: the ratio stays in [1 − low, 1 + high]. */
    public Grpo withClipRange(double low, double high) {
        return ConfigTree.with(ConfigTree.with(this, "epsilon", low), "epsilon_high", high);
    }

    /** The same with another {@code beta}. */
    public Grpo withBeta(double value) {
        return ConfigTree.with(this, "beta", value);
    }

    /** The same with another {@code updates_per_rollout}. */
    public Grpo withUpdatesPerRollout(int value) {
        return ConfigTree.with(this, "updates_per_rollout", value);
    }
}
