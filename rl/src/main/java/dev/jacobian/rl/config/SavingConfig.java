// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.config;

import static dev.jacobian.rl.config.Checks.requireAtLeast;

/** Checkpoints to resume from. */
public record SavingConfig(
        @Setting(value = "25", doc = "steps between checkpoints; 0 for none but the last")
        int saveSteps,

        @Setting(value = "2", doc = "checkpoints kept") int saveTotalLimit) {
    public SavingConfig {
        requireAtLeast("save_steps", 0, saveSteps);
        requireAtLeast("save_total_limit", 1, saveTotalLimit);
    }
}
