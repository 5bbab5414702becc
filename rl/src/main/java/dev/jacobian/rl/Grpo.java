// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl;

import dev.jacobian.rl.advantage.AdvantageEstimator;
import dev.jacobian.rl.advantage.GroupNormalized;
import dev.jacobian.rl.advantage.MeanBaseline;
import dev.jacobian.rl.objective.Aggregation;
import dev.jacobian.rl.objective.ClippedSurrogate;
import dev.jacobian.rl.objective.KlPenalty;
import dev.jacobian.rl.objective.RatioLevel;

/**
 * Group relative policy optimisation (DeepSeekMath, arXiv 2402.03300), as TRL runs it by default.
 *
 * <pre>
 * A_i  = (r_i − mean r) / (std r + 1e-4)                      within the group of a prompt
 * L    = −min(ρ A, clip(ρ, 1 − ε, 1 + ε_high) A) + β k3       per token
 * loss = Σ L / Σ tokens                                       over the whole optimizer step
 * </pre>
 *
 * <p>Differences to the paper that TRL's defaults make: no KL term (β = 0, so no reference model), and the token mean of DAPO
 * instead of each completion's own mean, which favours long wrong answers. With one update per rollout the ratio ρ is
 * exactly 1 and clipping idles.
 */
public final class Grpo {
    private Grpo() {}

    /** GRPO with a configuration's clip range, penalty, loss type and reward scaling. */
    public static Algorithm of(RlConfig config) {
        AdvantageEstimator advantages = switch (config.scaleRewards()) {
            case "group" -> new GroupNormalized();
            case "none" -> new MeanBaseline();
            default ->
                throw new IllegalArgumentException(
                        "unknown scale_rewards '" + config.scaleRewards() + "'; use group or none");
        };
        return new Algorithm(
                "grpo",
                advantages,
                new ClippedSurrogate(
                        config.epsilon(), config.epsilonHigh(), KlPenalty.k3(config.beta()), RatioLevel.TOKEN),
                Aggregation.named(config.lossType(), config.maxCompletionLength()),
                config.updatesPerRollout(),
                false,
                false);
    }
}
