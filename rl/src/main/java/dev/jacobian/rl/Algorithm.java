// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl;

import dev.jacobian.rl.advantage.AdvantageEstimator;
import dev.jacobian.rl.objective.Aggregation;
import dev.jacobian.rl.objective.PolicyObjective;
import java.util.List;

/**
 * A policy-optimisation method as the few choices in which the family differs. {@link Grpo}, {@link Opo} and {@link Omd}
 * make such values; a user's own method is another one.
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
        boolean resetsOptimizer) {
    /** Names that a configuration can give. */
    public static final List<String> NAMES = List.of("grpo", "opo", "omd");

    public Algorithm {
        if (updatesPerRollout < 1) {
            throw new IllegalArgumentException("need at least 1 update per rollout, got " + updatesPerRollout);
        }
        if (strictlyOnPolicy && updatesPerRollout != 1) {
            throw new IllegalArgumentException(name + " is strictly on-policy: one update per rollout, not "
                    + updatesPerRollout + "; set updates_per_rollout to 1");
        }
    }

    /** The method that a configuration names. */
    public static Algorithm of(RlConfig config) {
        return switch (config.algorithm()) {
            case "grpo" -> Grpo.of(config);
            case "opo" -> Opo.of(config);
            case "omd" -> Omd.of(config);
            default ->
                throw new IllegalArgumentException(
                        "unknown algorithm '" + config.algorithm() + "'; use grpo, opo or omd");
        };
    }
}
