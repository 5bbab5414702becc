// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.recipe;

import static dev.jacobian.rl.config.Checks.require;
import static dev.jacobian.rl.config.Checks.requireAtLeast;

import dev.jacobian.rl.config.ConfigTree;
import dev.jacobian.rl.config.Setting;

/** What length costs (Kimi k1.5, 2.3.3). */
public record ShorterConfig(
        @Setting(
                value = "0.5",
                doc = "weight of the length reward; below 2 every right answer stays above every wrong one")
        double lengthWeight,

        @Setting(value = "0", doc = "steps before length costs anything; then the weight is constant")
        int lengthWarmupSteps) {
    /** Half, from the first step on. */
    public static final ShorterConfig DEFAULT = ConfigTree.defaults(ShorterConfig.class);

    private static final double TOO_MUCH = 2;

    public ShorterConfig {
        require(
                lengthWeight >= 0 && lengthWeight < TOO_MUCH,
                "length_weight lies in [0, 2): from 2 on a wrong answer could earn more than a right one, got "
                        + lengthWeight);
        requireAtLeast("length_warmup_steps", 0, lengthWarmupSteps);
    }
}
