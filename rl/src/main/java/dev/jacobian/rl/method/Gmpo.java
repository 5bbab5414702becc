// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.method;

import static dev.jacobian.rl.config.Checks.requireAtLeast;
import static dev.jacobian.rl.config.Checks.requirePositive;

import dev.jacobian.rl.advantage.GroupNormalized;
import dev.jacobian.rl.config.ConfigTree;
import dev.jacobian.rl.config.RolloutConfig;
import dev.jacobian.rl.config.Setting;
import dev.jacobian.rl.objective.Aggregation;
import dev.jacobian.rl.objective.GeometricMean;

/**
 * Geometric-mean policy optimisation: {@link Grpo} in which no single token's ratio can shout.
 *
 * <pre>
 * A_i  = (r_i − mean r) / (std r + 1e-6)                      within the group of a prompt
 * c_t  = clip(log π − log π_old, −ε, ε_high)                  on the side to which A pushes
 * loss = mean_i −A_i exp(mean_t c_t)
 * </pre>
 */
public record Gmpo(
        @Setting(value = "1e-6", doc = "added to the standard deviation of rewards, in units of reward")
        double advantageEpsilon,

        @Setting(value = "0.4", doc = "how far a log-ratio may fall below 0, in nats")
        double epsilon,

        @Setting(value = "0.4", doc = "how far a log-ratio may rise above 0, in nats")
        double epsilonHigh,

        @Setting(value = "1", doc = "optimizer steps per rollout, on equal parts of it")
        int updatesPerRollout)
        implements Method {
    /** The settings of the paper, or of the library that the field runs. */
    public static final Gmpo DEFAULT = ConfigTree.defaults(Gmpo.class);

    public Gmpo {
        requirePositive("advantage_epsilon", advantageEpsilon);
        requireAtLeast("epsilon", 0, epsilon);
        requireAtLeast("epsilon_high", 0, epsilonHigh);
        requireAtLeast("updates_per_rollout", 1, updatesPerRollout);
    }

    @Override
    public String name() {
        return "gmpo";
    }

    @Override
    public String paper() {
        return "Zhao et al., arXiv 2507.20673";
    }

    @Override
    public Algorithm algorithm(RolloutConfig rollout) {
        return new Algorithm(
                name(),
                new GroupNormalized(advantageEpsilon),
                new GeometricMean(epsilon, epsilonHigh),
                Aggregation.sequenceMeanTokenMean(),
                updatesPerRollout);
    }
}
