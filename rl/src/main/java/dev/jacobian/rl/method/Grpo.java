// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.method;

import static dev.jacobian.rl.config.Checks.requireAtLeast;

import dev.jacobian.rl.config.ConfigTree;
import dev.jacobian.rl.config.ReferenceSync;
import dev.jacobian.rl.config.RolloutConfig;
import dev.jacobian.rl.config.Setting;
import dev.jacobian.rl.objective.SamplingCorrection;
import java.util.List;
import java.util.Optional;

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

        AdvantageConfig advantage,
        RatioConfig ratio,
        GrpoKl kl,

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
        return lossType.remarks(ratio.clip());
    }

    @Override
    public Algorithm algorithm(RolloutConfig rollout) {
        Optional<SamplingCorrection> correction = sampler.correction();
        return new Algorithm(
                        name(),
                        advantage.estimator(rewards),
                        lossType.objective(ratio, kl.penalty(rollout), shapes, correction),
                        lossType.aggregation(rollout.maxCompletionLength()),
                        updatesPerRollout)
                .with(new Algorithm.Extras(
                        lossType.weighting(correction)
                                .and(sampler.offPolicyMask())
                                .and(entropy.filter()),
                        entropy.bonus(),
                        rewards,
                        reference,
                        correction));
    }
}
