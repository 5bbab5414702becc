// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.offline;

import static dev.jacobian.rl.config.Checks.require;

import dev.jacobian.rl.config.ConfigTree;
import dev.jacobian.rl.config.ReferenceSync;
import dev.jacobian.rl.config.Setting;

/** The reference policy: the model that training began with, perhaps drawn after the one that learns. */
public record ReferenceConfig(
        @Setting(value = "false", doc = "score the data with the reference policy once, before training")
        boolean precomputeRefLogProbs,

        ReferenceSync sync) {
    /** It stays what it was. */
    public static final ReferenceConfig FROZEN = ConfigTree.defaults(ReferenceConfig.class);

    public ReferenceConfig {
        require(
                !(precomputeRefLogProbs && sync.syncRefModel()),
                "precompute_ref_log_probs and sync_ref_model exclude each other: a reference that follows is scored"
                        + " anew");
    }
}
