// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.method;

import static dev.jacobian.rl.config.Checks.requireAtLeast;

import dev.jacobian.rl.advantage.PassAtKAdvantage;
import dev.jacobian.rl.config.ConfigTree;
import dev.jacobian.rl.config.Defaults;
import dev.jacobian.rl.config.RolloutConfig;
import dev.jacobian.rl.config.Setting;
import dev.jacobian.rl.objective.Aggregation;
import dev.jacobian.rl.objective.ClippedSurrogate;

/**
 * Pass@k training: what is rewarded is that one of k samples is right.
 *
 * <pre>
 * R    = 1 − C(w, k) / C(N, k)                                w of a prompt's N samples are wrong
 * A    = (1 − R) / σ, or less C(w−1, k−1) / C(N−1, k−1)       of a right sample, of a wrong one; σ = √(R (1 − R))
 * L    = −min(ρ A, clip(ρ, 1 − ε, 1 + ε_high) A)              per token
 * loss = Σ L / Σ tokens                                       over the whole optimizer step
 * </pre>
 *
 * <p>Prompts that are solved often enough for k teach nothing more; what is explored elsewhere is not squeezed out.
 */
public record PassAtK(
        @Setting(value = "2", doc = "samples of which one must be right")
        int k,

        @Setting(value = "1.0", doc = "the reward from which on a sample is right")
        double threshold,

        @Defaults("epsilon_high=0.28") ClipRange clip,

        @Setting(value = "1", doc = "optimizer steps per rollout, on equal parts of it")
        int updatesPerRollout)
        implements Method {
    /** The settings of the paper, or of the library that the field runs. */
    public static final PassAtK DEFAULT = ConfigTree.defaults(PassAtK.class);

    public PassAtK {
        requireAtLeast("k", 1, k);
        requireAtLeast("updates_per_rollout", 1, updatesPerRollout);
    }

    @Override
    public String name() {
        return "pass_at_k";
    }

    @Override
    public String paper() {
        return "Chen et al., arXiv 2508.10751";
    }

    @Override
    public Algorithm algorithm(RolloutConfig rollout) {
        return new Algorithm(
                name(),
                new PassAtKAdvantage(k, threshold),
                new ClippedSurrogate(clip.epsilon(), clip.high()),
                Aggregation.tokenMean(),
                updatesPerRollout);
    }
}
