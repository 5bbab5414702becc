// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.method;

import dev.jacobian.rl.advantage.AdvantageEstimator;
import dev.jacobian.rl.config.RolloutConfig;
import dev.jacobian.rl.objective.Aggregation;
import dev.jacobian.rl.objective.PolicyObjective;

/**
 * A policy-optimisation method as the few choices in which the family differs. {@link Grpo}, {@link Opo}, {@link Omd} and
 * their like make such values from their settings; a value made by hand is a method of one's own.
 *
 * @param name short name
 * @param advantages how rewards become advantages within a group
 * @param objective loss of a token or sequence, with its gradient
 * @param aggregation how token losses become one number
 * @param updatesPerRollout optimizer steps per batch of samples: the batch is cut into so many parts, one step each
 * @param strictlyOnPolicy whether samples must come from exactly the weights that are updated (checked bit for bit)
 * @param resetsOptimizer whether the optimizer forgets its moments whenever new samples are drawn
 */
public record Algorithm(
        String name,
        AdvantageEstimator advantages,
        PolicyObjective objective,
        Aggregation aggregation,
        int updatesPerRollout,
        boolean strictlyOnPolicy,
        boolean resetsOptimizer)
        implements Method {
    public Algorithm {
        if (updatesPerRollout < 1) {
            throw new IllegalArgumentException("updates_per_rollout must be at least 1, got " + updatesPerRollout);
        }
        if (strictlyOnPolicy && updatesPerRollout != 1) {
            throw new IllegalArgumentException(
                    name + " is strictly on-policy: one update per rollout, not " + updatesPerRollout);
        }
        if (!objective.usesOldLogProbs() && updatesPerRollout != 1) {
            throw new IllegalArgumentException(
                    "the objective of " + name + " ignores what policy sampled, which is right"
                            + " for one update per rollout, not " + updatesPerRollout);
        }
    }

    @Override
    public Algorithm algorithm(RolloutConfig rollout) {
        return this;
    }
}
