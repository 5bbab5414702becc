// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.method;

import static dev.jacobian.rl.config.Checks.requireAtLeast;

import dev.jacobian.rl.advantage.BatchWhitened;
import dev.jacobian.rl.advantage.MeanBaseline;
import dev.jacobian.rl.config.ConfigTree;
import dev.jacobian.rl.config.Defaults;
import dev.jacobian.rl.config.RolloutConfig;
import dev.jacobian.rl.config.Setting;
import dev.jacobian.rl.objective.Aggregation;
import dev.jacobian.rl.objective.ClippedSurrogate;
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
        @Defaults("epsilon_high=0.2") ClipRange clip,

        KlTerm kl,

        @Setting(value = "1", doc = "optimizer steps per rollout, on equal parts of it")
        int updatesPerRollout)
        implements Method {
    /** The settings of the paper, or of the library that the field runs. */
    public static final ReinforcePlusPlusBaseline DEFAULT = ConfigTree.defaults(ReinforcePlusPlusBaseline.class);

    public ReinforcePlusPlusBaseline {
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
                new ClippedSurrogate(clip.epsilon(), clip.high(), kl.penalty(), RatioLevel.TOKEN),
                Aggregation.tokenMean(),
                updatesPerRollout);
    }
}
