// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.config;

import static dev.jacobian.rl.config.Checks.requireAtLeast;

/** What is written beside metrics: checkpoints to resume from, and what other programs show. */
public record SavingConfig(
        @Setting(value = "25", doc = "steps between checkpoints; 0 for none but the last")
        int saveSteps,

        @Setting(value = "2", doc = "checkpoints kept") int saveTotalLimit,

        @Setting(value = "none", doc = "tensorboard: metrics also go to an event file in the run's folder")
        ReportTo reportTo) {
    public SavingConfig {
        requireAtLeast("save_steps", 0, saveSteps);
        requireAtLeast("save_total_limit", 1, saveTotalLimit);
    }
}
