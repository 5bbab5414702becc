// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.config;

import static dev.jacobian.rl.config.Checks.require;
import static dev.jacobian.rl.config.Checks.requireAtLeast;

import java.util.OptionalInt;

/** How far sampling may run ahead of training. */
public record AsyncConfig(
        @Setting(
                value = "0",
                doc = "rollouts by which the weights that sample may be older than those that learn: sampling, rewards"
                        + " and training overlap; 0: strictly one after the other")
        int maxStaleness,

        @Setting(
                value = "null",
                doc = "rollouts at once that are being sampled or wait for their rewards, with max_staleness; null: as"
                        + " many as it allows")
        OptionalInt maxInflight) {
    /** Strictly alternating. */
    public static final AsyncConfig DEFAULT = ConfigTree.defaults(AsyncConfig.class);

    public AsyncConfig {
        requireAtLeast("max_staleness", 0, maxStaleness);
        requireAtLeast("max_inflight", 1, maxInflight.orElse(1));
        require(
                maxStaleness > 0 || maxInflight.isEmpty(),
                "max_inflight is about rollouts under way while others are learned from, but max_staleness is 0; raise"
                        + " that, or leave max_inflight out");
        require(
                maxInflight.orElse(1) <= maxStaleness + 1,
                "max_inflight is " + maxInflight.orElse(1) + ", but max_staleness " + maxStaleness
                        + " lets no more than " + (maxStaleness + 1)
                        + " rollouts be under way; lower it, or leave it out");
    }

    /** Whether sampling runs ahead. */
    public boolean isAhead() {
        return maxStaleness > 0;
    }

    /** Rollouts at once that are being sampled or scored. */
    public int inflight() {
        return maxInflight.orElse(maxStaleness + 1);
    }
}
