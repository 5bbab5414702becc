// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.method;

import static dev.jacobian.rl.config.Checks.require;
import static dev.jacobian.rl.config.Checks.requireAtLeast;
import static dev.jacobian.rl.config.Checks.requirePositive;

import dev.jacobian.rl.advantage.AdvantageEstimator;
import dev.jacobian.rl.advantage.NormalizeThenSum;
import dev.jacobian.rl.config.Automatic;
import dev.jacobian.rl.config.ConfigTree;
import dev.jacobian.rl.config.ReferenceSync;
import dev.jacobian.rl.config.RolloutConfig;
import dev.jacobian.rl.config.Setting;
import dev.jacobian.rl.objective.CappedImportance;
import dev.jacobian.rl.objective.ClippedSurrogate;
import dev.jacobian.rl.objective.GammaWeighted;
import dev.jacobian.rl.objective.KlEstimator;
import dev.jacobian.rl.objective.KlPenalty;
import dev.jacobian.rl.objective.PolicyObjective;
import dev.jacobian.rl.objective.RatioLevel;
import dev.jacobian.rl.objective.SamplingCorrection;
import dev.jacobian.rl.objective.SoftGate;
import dev.jacobian.rl.objective.TokenWeighting;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;

/**
 * Group relative policy optimisation (DeepSeekMath, arXiv 2402.03300), as TRL runs it by default, with all of TRL's settings.
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
 * {@code loss_type=dr_grpo scale_rewards=none}, {@code importance_sampling_level=sequence loss_type=grpo}; others are losses of their own
 * ({@link GrpoLoss}). Beware of {@code loss_type=cispo}: there {@code epsilon_high} is the largest weight itself.
 */
public record Grpo(
        @Setting(value = "dapo", doc = "how token losses become one number, and which losses they are")
        GrpoLoss lossType,

        @Setting(
                value = "group",
                doc = "what divides the advantages: the standard deviation of the group, of the batch, or nothing")
        ScaleRewards scaleRewards,

        @Setting(value = "1e-4", doc = "added to that standard deviation, in units of reward")
        double advantageEpsilon,

        @Setting(value = "sum_then_normalize", doc = "advantages of the sum of rewards, or the sum of advantages")
        MultiObjective multiObjectiveAggregation,

        @Setting(
                value = "token",
                doc = "what the ratio is taken of; sequence: its geometric mean over a completion (GSPO)")
        ImportanceSamplingLevel importanceSamplingLevel,

        @Setting(value = "0.2", doc = "how far the ratio may fall below 1")
        double epsilon,

        @Setting(
                value = "null",
                doc = "how far the ratio may rise above 1 (an offset); null for epsilon. With loss_type=cispo the"
                        + " largest weight itself")
        OptionalDouble epsilonHigh,

        @Setting(value = "null", doc = "largest ratio of a sample worse than expected (not an offset); null for none")
        OptionalDouble delta,

        @Setting(value = "0.0", doc = "coefficient of the KL penalty to the initial model; 0 needs no second model")
        double beta,

        @Setting(
                value = "k3",
                doc = "estimator of that divergence: k1 (no gradient in the mean), k2 or k3; not clamped")
        KlEstimator klEstimator,

        @Setting(
                value = "null",
                doc = "multiply that estimate with the ratio, which makes it unbiased; null: where"
                        + " per_device_train_batch_size is given, as in TRL")
        Automatic useBiasCorrectionKl,

        @Setting(value = "1", doc = "optimizer steps per rollout, on equal parts of it")
        int updatesPerRollout,

        GrpoShapes shapes,
        EntropyConfig entropy,
        SamplerConfig sampler,
        RewardMix rewards,
        ReferenceSync reference)
        implements Method {
    /** The settings that TRL has by default. */
    public static final Grpo DEFAULT = ConfigTree.defaults(Grpo.class);

    public Grpo {
        requirePositive("advantage_epsilon", advantageEpsilon);
        require(epsilon >= 0 && epsilon <= 1, "epsilon must lie in [0, 1], got " + epsilon);
        require(
                epsilonHigh.orElse(0) >= 0,
                "epsilon_high is the offset above 1, not the largest ratio, and at least 0; got "
                        + epsilonHigh.orElse(0));
        requirePositive("delta", delta.orElse(1));
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
    public List<String> remarks() {
        return lossType == GrpoLoss.CISPO && epsilonHigh.orElse(epsilon) < 1
                ? List.of("loss_type=cispo caps every importance weight at epsilon_high itself, which is "
                        + epsilonHigh.orElse(epsilon) + ": less than the weight 1 of samples on policy. ScaleRL sets 5")
                : List.of();
    }

    @Override
    public Algorithm algorithm(RolloutConfig rollout) {
        Optional<SamplingCorrection> correction = sampler.correction();
        TokenWeighting corrected = lossType == GrpoLoss.VESPO
                ? TokenWeighting.NONE
                : correction.map(TokenWeighting.class::cast).orElse(TokenWeighting.NONE);
        AdvantageEstimator advantages = multiObjectiveAggregation == MultiObjective.NORMALIZE_THEN_SUM
                ? new NormalizeThenSum(rewards.rewardWeights().values(), advantageEpsilon)
                : scaleRewards.advantages(advantageEpsilon);
        return new Algorithm(
                        name(),
                        advantages,
                        objective(
                                new KlPenalty(beta, klEstimator, useBiasCorrectionKl.or(rollout.isTrl())), correction),
                        lossType.aggregation(rollout.maxCompletionLength()),
                        updatesPerRollout,
                        false,
                        false)
                .with(new Algorithm.Extras(
                        corrected.and(sampler.offPolicyMask()).and(entropy.filter()),
                        entropy.bonus(),
                        rewards,
                        reference,
                        correction));
    }

    private PolicyObjective objective(KlPenalty kl, Optional<SamplingCorrection> correction) {
        RatioLevel level =
                importanceSamplingLevel == ImportanceSamplingLevel.TOKEN ? RatioLevel.TOKEN : RatioLevel.SEQUENCE_MEAN;
        double high = epsilonHigh.orElse(epsilon);
        return switch (lossType) {
            case CISPO -> new CappedImportance(high, kl, level, true);
            case SAPO -> new SoftGate(shapes.sapoTemperaturePos(), shapes.sapoTemperatureNeg(), kl, level);
            case VESPO -> new GammaWeighted(shapes.positive(), shapes.negative(), correction, kl);
            default -> new ClippedSurrogate(epsilon, high, kl, level, delta);
        };
    }

    /** The same with another {@code loss_type}. */
    public Grpo withLossType(LossType value) {
        return ConfigTree.with(this, "loss_type", value);
    }

    /** The same with another {@code loss_type}. */
    public Grpo withLossType(GrpoLoss value) {
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
