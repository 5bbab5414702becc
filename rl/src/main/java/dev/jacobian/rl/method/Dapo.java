// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.method;

import static dev.jacobian.rl.config.Checks.requireAtLeast;
import static dev.jacobian.rl.config.Checks.requirePositive;

import dev.jacobian.rl.advantage.GroupNormalized;
import dev.jacobian.rl.advantage.OverlongPunished;
import dev.jacobian.rl.config.ConfigTree;
import dev.jacobian.rl.config.Defaults;
import dev.jacobian.rl.config.RolloutConfig;
import dev.jacobian.rl.config.Setting;
import dev.jacobian.rl.objective.Aggregation;
import dev.jacobian.rl.objective.ClippedSurrogate;

/**
 * DAPO: {@link Grpo} with the four changes that its authors found to matter for long answers.
 *
 * <pre>
 * r_i  ← r_i − clip((l_i − (limit − slope)) / slope, 0, 1)    soft overlong punishment
 * A_i  = (r_i − mean r) / (std r + 1e-6)                      within the group of a prompt
 * L    = −min(ρ A, clip(ρ, 1 − ε, 1 + ε_high) A)              per token; clip-higher: ε_high > ε
 * loss = Σ L / Σ tokens                                       token-level, over the whole optimizer step
 * </pre>
 *
 * <p>Dynamic sampling ({@code dynamic_sampling}, which other methods have too): a group of equal rewards teaches nothing, so it is dropped
 * and another prompt sampled until the step is full. Samples that were dropped count among those of the run.
 */
public record Dapo(
        @Defaults("epsilon_high=0.28") ClipRange clip,

        @Setting(value = "1e-6", doc = "added to the standard deviation of rewards, in units of reward")
        double advantageEpsilon,

        @Setting(
                value = "0",
                doc = "tokens before max_completion_length in which a punishment grows from 0 to 1; 0 for none")
        int overlongSlope,

        @Setting(value = "1", doc = "optimizer steps per rollout, on equal parts of it")
        int updatesPerRollout)
        implements Method {
    /** The settings of the paper, or of the library that the field runs. */
    public static final Dapo DEFAULT = ConfigTree.defaults(Dapo.class);

    public Dapo {
        requirePositive("advantage_epsilon", advantageEpsilon);
        requireAtLeast("overlong_slope", 0, overlongSlope);
        requireAtLeast("updates_per_rollout", 1, updatesPerRollout);
    }

    @Override
    public String name() {
        return "dapo";
    }

    @Override
    public String paper() {
        return "Yu et al., arXiv 2503.14476";
    }

    @Override
    public Algorithm algorithm(RolloutConfig rollout) {
        GroupNormalized normalized = new GroupNormalized(advantageEpsilon);
        return new Algorithm(
                name(),
                overlongSlope == 0
                        ? normalized
                        : new OverlongPunished(normalized, rollout.maxCompletionLength(), overlongSlope),
                new ClippedSurrogate(clip.epsilon(), clip.high()),
                Aggregation.tokenMean(),
                updatesPerRollout);
    }

    @Override
    public boolean samplesDynamically() {
        return true;
    }
}
