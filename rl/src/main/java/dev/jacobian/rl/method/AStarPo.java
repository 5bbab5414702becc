// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.method;

import static dev.jacobian.rl.config.Checks.requireAtLeast;
import static dev.jacobian.rl.config.Checks.requirePositive;

import dev.jacobian.rl.advantage.LogMeanExpBaseline;
import dev.jacobian.rl.config.ConfigTree;
import dev.jacobian.rl.config.RolloutConfig;
import dev.jacobian.rl.config.Setting;
import dev.jacobian.rl.objective.Aggregation;
import dev.jacobian.rl.objective.ReferenceAnchored;
import dev.jacobian.rl.objective.SquaredLogRatio;

/**
 * A*PO: least squares on the log-ratio to the fixed initial model.
 *
 * <pre>
 * V*   = β1 log mean exp(r / β1)                              within the group of a prompt
 * Δ_i  = Σ_t log(π / π_ref)                                   over the whole completion; the reference never moves
 * loss = mean_i (r_i − V* − β2 Δ_i)² / (2 β2)
 * </pre>
 *
 * <p>Difference to the paper: it estimates V* once, from samples of the reference, and then draws one sample per prompt; here the group that is
 * drawn anyway stands for them.
 */
public record AStarPo(
        @Setting(value = "0.5", doc = "temperature of the optimal value")
        double beta1,

        @Setting(value = "1e-3", doc = "strength of the anchor, in reward per nat of a whole completion")
        double beta2,

        @Setting(value = "1", doc = "optimizer steps per rollout, on equal parts of it")
        int updatesPerRollout)
        implements Method {
    /** The settings of the paper, or of the library that the field runs. */
    public static final AStarPo DEFAULT = ConfigTree.defaults(AStarPo.class);

    public AStarPo {
        requirePositive("beta1", beta1);
        requirePositive("beta2", beta2);
        requireAtLeast("updates_per_rollout", 1, updatesPerRollout);
    }

    @Override
    public String name() {
        return "a_star_po";
    }

    @Override
    public String paper() {
        return "Brantley et al., arXiv 2505.20686";
    }

    @Override
    public Algorithm algorithm(RolloutConfig rollout) {
        return new Algorithm(
                name(),
                new LogMeanExpBaseline(beta1),
                new ReferenceAnchored(SquaredLogRatio.mirrorDescentRegression(beta2)),
                Aggregation.sequenceMeanTokenSum(),
                updatesPerRollout);
    }
}
