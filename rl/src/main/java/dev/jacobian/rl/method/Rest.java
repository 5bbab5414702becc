// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.method;

import static dev.jacobian.rl.config.Checks.requireAtLeast;

import dev.jacobian.rl.advantage.FixedAdvantage;
import dev.jacobian.rl.advantage.Selected;
import dev.jacobian.rl.advantage.Selection;
import dev.jacobian.rl.config.ConfigTree;
import dev.jacobian.rl.config.RolloutConfig;
import dev.jacobian.rl.config.Setting;
import dev.jacobian.rl.objective.Aggregation;
import dev.jacobian.rl.objective.Imitation;

/**
 * Rejection sampling: fine-tuning on the samples that are good enough, and on nothing else (ReST, Gulcehre et al., arXiv 2308.08998;
 * RFT, arXiv 2308.01825).
 *
 * <pre>
 * kept = samples of reward ≥ reward_threshold                 all of them, or the best one of each prompt
 * loss = −Σ log π / Σ tokens                                  over the kept samples of the optimizer step
 * </pre>
 *
 * <p>There are no negative gradients: nothing is unlearned, which is what it is compared with other methods for. A rollout without
 * a good sample changes nothing.
 */
public record Rest(
        @Setting(value = "1.0", doc = "reward from which a sample is imitated")
        double rewardThreshold,

        @Setting(value = "all", doc = "samples of a prompt that are imitated: all good ones, or the best (best of n)")
        Keep keep,

        @Setting(value = "1", doc = "optimizer steps per rollout, on equal parts of it")
        int updatesPerRollout)
        implements Method {
    /** How many good samples of a prompt are imitated. */
    public enum Keep {
        /** All. */
        ALL,
        /** The first of the highest reward. */
        BEST
    }

    /** All samples of reward 1. */
    public static final Rest DEFAULT = ConfigTree.defaults(Rest.class);

    public Rest {
        requireAtLeast("updates_per_rollout", 1, updatesPerRollout);
    }

    @Override
    public String name() {
        return "rest";
    }

    @Override
    public String paper() {
        return "Gulcehre et al., arXiv 2308.08998";
    }

    @Override
    public Algorithm algorithm(RolloutConfig rollout) {
        Selection good =
                keep == Keep.BEST ? new Selection.Best(rewardThreshold) : new Selection.AtLeast(rewardThreshold);
        return new Algorithm(
                name(),
                new Selected(new FixedAdvantage(1), good),
                new Imitation(),
                Aggregation.tokenMean(),
                updatesPerRollout,
                false,
                false);
    }
}
