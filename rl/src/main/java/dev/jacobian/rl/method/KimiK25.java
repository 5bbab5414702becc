// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.method;

import static dev.jacobian.rl.config.Checks.requireAtLeast;

import dev.jacobian.rl.advantage.MeanBaseline;
import dev.jacobian.rl.config.ConfigTree;
import dev.jacobian.rl.config.Defaults;
import dev.jacobian.rl.config.RolloutConfig;
import dev.jacobian.rl.config.Setting;
import dev.jacobian.rl.objective.Aggregation;
import dev.jacobian.rl.objective.ClippedQuadratic;
import dev.jacobian.rl.objective.TokenObjective;

/**
 * The token form of {@link Omd} in Kimi K2.5, with a clip.
 *
 * <pre>
 * A_i  = r_i − mean r                                         within the group of a prompt
 * d    = log π − log π_old,  ρ = e^d                          to the policy that sampled
 * L    = −clip(ρ, 1 − ε, 1 + ε_high) A + τ d²                 per token; no ½ before the square
 * loss = Σ L / Σ tokens                                       over the whole optimizer step
 * </pre>
 *
 * <p>Published without numbers; the bounds are PPO's.
 */
public record KimiK25(
        @Defaults("epsilon_high=0.2") ClipRange clip,

        @Setting(value = "0.1", doc = "strength of the anchor, in reward per squared nat of a token")
        double tau,

        @Setting(value = "1", doc = "optimizer steps per rollout, on equal parts of it")
        int updatesPerRollout)
        implements Method {
    /** The settings of the paper, or of the library that the field runs. */
    public static final KimiK25 DEFAULT = ConfigTree.defaults(KimiK25.class);

    public KimiK25 {
        requireAtLeast("tau", 0, tau);
        requireAtLeast("updates_per_rollout", 1, updatesPerRollout);
    }

    @Override
    public String name() {
        return "kimi_k2_5";
    }

    @Override
    public String paper() {
        return "Kimi K2.5, arXiv 2602.02276";
    }

    @Override
    public Algorithm algorithm(RolloutConfig rollout) {
        return new Algorithm(
                name(),
                new MeanBaseline(),
                new TokenObjective(new ClippedQuadratic(1 - clip.epsilon(), 1 + clip.high(), tau)),
                Aggregation.tokenMean(),
                updatesPerRollout);
    }
}
