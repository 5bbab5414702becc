// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.method;

import dev.jacobian.rl.config.Automatic;
import dev.jacobian.rl.config.RolloutConfig;
import dev.jacobian.rl.config.Setting;
import dev.jacobian.rl.objective.KlPenalty;

/** The KL penalty of {@link Grpo}, which TRL estimates without bias for samples of an older policy. */
public record GrpoKl(
        KlTerm term,

        @Setting(
                value = "null",
                doc = "multiply that estimate with the ratio, which makes it unbiased; null: where"
                        + " per_device_train_batch_size is given, as in TRL")
        Automatic useBiasCorrectionKl) {
    KlPenalty penalty(RolloutConfig rollout) {
        return new KlPenalty(term.beta(), term.klEstimator(), useBiasCorrectionKl.or(rollout.isTrl()));
    }
}
