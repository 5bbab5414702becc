// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.method;

import static dev.jacobian.rl.config.Checks.requireAtLeast;

import dev.jacobian.rl.advantage.BatchWhitened;
import dev.jacobian.rl.advantage.RewardToGo;
import dev.jacobian.rl.config.ConfigTree;
import dev.jacobian.rl.config.Defaults;
import dev.jacobian.rl.config.RolloutConfig;
import dev.jacobian.rl.config.Setting;
import dev.jacobian.rl.objective.Aggregation;
import dev.jacobian.rl.objective.ClippedSurrogate;
import dev.jacobian.rl.objective.RatioLevel;

/**
 * REINFORCE++: PPO without a critic.
 *
 * <pre>
 * G_t  = Σ_{k≥t} γ^{k−t} r_k                                  what a token and those after it earned
 * A    = (G − mean G) / √(var G + 1e-8)                       over all tokens of the rollout
 * L    = −min(ρ A, clip(ρ, 1 − ε, 1 + ε_high) A) + β KL       per token
 * loss = Σ L / Σ tokens                                       over the whole optimizer step
 * </pre>
 *
 * <p>The baseline is the batch's and not the prompt's, so how hard a prompt is counts as how good its samples are; {@link
 * ReinforcePlusPlusBaseline} mends that. Difference to the paper: the KL term is in the loss and not in the reward.
 */
public record ReinforcePlusPlus(
        @Setting(value = "1.0", doc = "discount per token") double gamma,

        @Defaults("epsilon_high=0.2") ClipRange clip,

        KlTerm kl,

        @Setting(value = "1", doc = "optimizer steps per rollout, on equal parts of it")
        int updatesPerRollout)
        implements Method {
    /** The settings of the paper, or of the library that the field runs. */
    public static final ReinforcePlusPlus DEFAULT = ConfigTree.defaults(ReinforcePlusPlus.class);

    public ReinforcePlusPlus {
        requireAtLeast("updates_per_rollout", 1, updatesPerRollout);
    }

    @Override
    public String name() {
        return "reinforce_plus_plus";
    }

    @Override
    public String paper() {
        return "Hu et al., arXiv 2501.03262";
    }

    @Override
    public Algorithm algorithm(RolloutConfig rollout) {
        return new Algorithm(
                name(),
                new BatchWhitened(new RewardToGo(gamma)),
                new ClippedSurrogate(clip.epsilon(), clip.high(), kl.penalty(), RatioLevel.TOKEN),
                Aggregation.tokenMean(),
                updatesPerRollout);
    }
}
