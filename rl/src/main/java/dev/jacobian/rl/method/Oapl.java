// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.method;

import static dev.jacobian.rl.config.Checks.requireAtLeast;
import static dev.jacobian.rl.config.Checks.requirePositive;

import dev.jacobian.rl.advantage.LogMeanExpBaseline;
import dev.jacobian.rl.config.ConfigTree;
import dev.jacobian.rl.config.RolloutConfig;
import dev.jacobian.rl.config.Setting;
import dev.jacobian.rl.objective.Aggregation;
import dev.jacobian.rl.objective.SquaredLogRatio;

/**
 * Optimal advantages with a lagged policy: least squares on the log-ratio to the policy that sampled, however many updates ago that was.
 *
 * <pre>
 * V    = β log mean exp(r / β)                                within the group of a prompt
 * Δ_i  = Σ_t log(π / π_old)                                   over the whole completion
 * loss = mean_i (r_i − V − β Δ_i)² / (2 β)
 * </pre>
 *
 * <p>The optimum of KL-regularised reward itself is the target, so nothing has to be corrected for samples of an older policy: no ratio,
 * no clip. Raise {@code updates_per_rollout} to let the sampler lag.
 */
public record Oapl(
        @Setting(value = "0.1", doc = "strength of the anchor, in reward per nat of a whole completion")
        double beta,

        @Setting(value = "4", doc = "optimizer steps per rollout, on equal parts of it")
        int updatesPerRollout)
        implements Method {
    /** The settings of the paper, or of the library that the field runs. */
    public static final Oapl DEFAULT = ConfigTree.defaults(Oapl.class);

    public Oapl {
        requirePositive("beta", beta);
        requireAtLeast("updates_per_rollout", 1, updatesPerRollout);
    }

    @Override
    public String name() {
        return "oapl";
    }

    @Override
    public String paper() {
        return "Brantley et al., arXiv 2602.19362";
    }

    @Override
    public Algorithm algorithm(RolloutConfig rollout) {
        return new Algorithm(
                name(),
                new LogMeanExpBaseline(beta),
                SquaredLogRatio.mirrorDescentRegression(beta),
                Aggregation.sequenceMeanTokenSum(),
                updatesPerRollout);
    }
}
