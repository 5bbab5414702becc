// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.config;

import static dev.jacobian.rl.config.Checks.require;
import static dev.jacobian.rl.config.Checks.requireAtLeast;

/**
 * Whether a reference policy stays what training began with or follows the policy that learns (TR-DPO, Gorbatovski et al., arXiv
 * 2404.09656): after every so many steps {@code reference = α policy + (1 − α) reference}.
 *
 * <p>An exponential moving average has 1 step and a small α; the previous iterate has α = 1.
 */
public record ReferenceSync(
        @Setting(value = "false", doc = "let the reference policy follow")
        boolean syncRefModel,

        @Setting(value = "0.6", doc = "part of the trained policy that goes into the reference policy then")
        double refModelMixupAlpha,

        @Setting(value = "512", doc = "steps after which it does")
        int refModelSyncSteps) {
    /** It stays what it was. */
    public static final ReferenceSync FROZEN = ConfigTree.defaults(ReferenceSync.class);

    public ReferenceSync {
        require(
                refModelMixupAlpha > 0 && refModelMixupAlpha <= 1,
                "ref_model_mixup_alpha must lie in (0, 1], got " + refModelMixupAlpha);
        requireAtLeast("ref_model_sync_steps", 1, refModelSyncSteps);
    }

    /** Whether it follows after an optimizer step, counted from 1. */
    public boolean isDueAfter(int step) {
        return syncRefModel && step % refModelSyncSteps == 0;
    }
}
