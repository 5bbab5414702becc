// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.method;

import static dev.jacobian.rl.config.Checks.require;
import static dev.jacobian.rl.config.Checks.requireAtLeast;

import dev.jacobian.rl.advantage.LeaveOneOut;
import dev.jacobian.rl.config.ConfigTree;
import dev.jacobian.rl.config.RolloutConfig;
import dev.jacobian.rl.config.Setting;
import dev.jacobian.rl.objective.Aggregation;
import dev.jacobian.rl.objective.ClippedSurrogate;
import dev.jacobian.rl.objective.KlPenalty;
import dev.jacobian.rl.objective.RatioLevel;

/**
 * REINFORCE leave-one-out (Ahmadian et al., arXiv 2402.14740), with the clipped sequence ratio of TRL's trainer.
 *
 * <pre>
 * A_i  = r_i − mean of the other rewards of the group
 * R_i  = exp(Σ_t log(π / π_old))                              the ratio of the whole completion's probabilities
 * loss = mean_i −min(R A, clip(R, 1 − ε, 1 + ε_high) A)
 * </pre>
 *
 * <p>With one update per rollout R is exactly 1, and this is REINFORCE over whole completions. Difference to TRL: no KL term
 * (TRL takes 0.05 Σ_t log(π / π_ref) from every reward).
 */
public record Rloo(
        @Setting(value = "0.2", doc = "how far the completion's ratio may fall below 1")
        double epsilon,

        @Setting(value = "0.2", doc = "how far the completion's ratio may rise above 1 (an offset)")
        double epsilonHigh,

        @Setting(value = "1", doc = "optimizer steps per rollout, on equal parts of it")
        int updatesPerRollout)
        implements Method {
    /** TRL's clip range, one update. */
    public static final Rloo DEFAULT = ConfigTree.defaults(Rloo.class);

    public Rloo {
        require(epsilon >= 0 && epsilon <= 1, "epsilon must lie in [0, 1], got " + epsilon);
        require(
                epsilonHigh >= 0,
                "epsilon_high is the offset above 1, not the largest ratio, and at least 0; got " + epsilonHigh);
        requireAtLeast("updates_per_rollout", 1, updatesPerRollout);
    }

    @Override
    public String name() {
        return "rloo";
    }

    @Override
    public String paper() {
        return "Ahmadian et al., arXiv 2402.14740";
    }

    @Override
    public Algorithm algorithm(RolloutConfig rollout) {
        return new Algorithm(
                name(),
                new LeaveOneOut(),
                new ClippedSurrogate(epsilon, epsilonHigh, KlPenalty.NONE, RatioLevel.SEQUENCE_SUM),
                Aggregation
                        .sequenceMeanTokenMean(), // each token has the whole completion's loss: its mean is that loss
                updatesPerRollout,
                false,
                false);
    }

    /** The same with another {@code updates_per_rollout}. */
    public Rloo withUpdatesPerRollout(int value) {
        return ConfigTree.with(this, "updates_per_rollout", value);
    }
}
