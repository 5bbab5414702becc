// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.method;

import static dev.jacobian.rl.config.Checks.requireAtLeast;
import static dev.jacobian.rl.config.Checks.requirePositive;

import dev.jacobian.rl.advantage.MeanBaseline;
import dev.jacobian.rl.config.ConfigTree;
import dev.jacobian.rl.config.RolloutConfig;
import dev.jacobian.rl.config.Setting;
import dev.jacobian.rl.objective.Aggregation;
import dev.jacobian.rl.objective.SquaredLogRatio;

/**
 * Direct reward optimisation, token by token.
 *
 * <pre>
 * A_i  = r_i − mean r                                         within the group of a prompt
 * d    = log π − log π_old                                    to the policy that sampled
 * L    = −A log π + (β/2) d²                                  per token
 * loss = Σ L / Σ tokens                                       over the whole optimizer step
 * </pre>
 *
 * <p>{@link Omd} with a square for each token instead of one for the whole completion, which does not grow with its length. The paper has a value
 * function where the mean of the group stands here.
 */
public record Dro(
        @Setting(value = "0.1", doc = "strength of the anchor, in reward per nat of a token")
        double beta,

        @Setting(value = "1", doc = "optimizer steps per rollout, on equal parts of it")
        int updatesPerRollout)
        implements Method {
    /** The settings of the paper, or of the library that the field runs. */
    public static final Dro DEFAULT = ConfigTree.defaults(Dro.class);

    public Dro {
        requirePositive("beta", beta);
        requireAtLeast("updates_per_rollout", 1, updatesPerRollout);
    }

    @Override
    public String name() {
        return "dro";
    }

    @Override
    public String paper() {
        return "Richemond et al., arXiv 2405.19107";
    }

    @Override
    public Algorithm algorithm(RolloutConfig rollout) {
        return new Algorithm(
                name(), new MeanBaseline(), SquaredLogRatio.dro(beta), Aggregation.tokenMean(), updatesPerRollout);
    }
}
