// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.offline;

import static dev.jacobian.rl.config.Checks.require;
import static dev.jacobian.rl.config.Checks.requireAtLeast;

import dev.jacobian.rl.config.ConfigTree;
import dev.jacobian.rl.config.Setting;

/** The reference policy: the model that training began with, perhaps drawn after the one that learns (TR-DPO). */
public record ReferenceConfig(
        @Setting(value = "false", doc = "score the data with the reference policy once, before training")
        boolean precomputeRefLogProbs,

        @Setting(value = "false", doc = "let the reference policy follow")
        boolean syncRefModel,

        @Setting(value = "0.6", doc = "part of the trained policy that goes into the reference policy then")
        double refModelMixupAlpha,

        @Setting(value = "512", doc = "steps after which it does")
        int refModelSyncSteps) {
    /** It stays what it was. */
    public static final ReferenceConfig FROZEN = ConfigTree.defaults(ReferenceConfig.class);

    public ReferenceConfig {
        require(
                refModelMixupAlpha > 0 && refModelMixupAlpha <= 1,
                "ref_model_mixup_alpha must lie in (0, 1], got " + refModelMixupAlpha);
        requireAtLeast("ref_model_sync_steps", 1, refModelSyncSteps);
        require(
                !(precomputeRefLogProbs && syncRefModel),
                "precompute_ref_log_probs and sync_ref_model exclude each other: a reference that follows is scored"
                        + " anew");
    }

    /** Whether it follows after a step, counted from 1. */
    boolean syncsAfter(int step) {
        return syncRefModel && step % refModelSyncSteps == 0;
    }
}
