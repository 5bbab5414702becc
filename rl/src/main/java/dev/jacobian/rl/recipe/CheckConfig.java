// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.recipe;

import static dev.jacobian.rl.config.Checks.requireAtLeast;

import dev.jacobian.rl.config.ConfigTree;
import dev.jacobian.rl.config.Setting;

/** How a stage's model is looked at before and after the stage. */
public record CheckConfig(
        @Setting(value = "200", doc = "held-out problems that are answered before and after the stage")
        int checkProblems,

        @Setting(value = "256", doc = "limit of tokens per answer")
        int checkTokens,

        @Setting(value = "4", doc = "answers that are shown")
        int checkSamples) {
    /** Two hundred problems. */
    public static final CheckConfig DEFAULT = ConfigTree.defaults(CheckConfig.class);

    public CheckConfig {
        requireAtLeast("check_problems", 1, checkProblems);
        requireAtLeast("check_tokens", 1, checkTokens);
        requireAtLeast("check_samples", 0, checkSamples);
    }

    /** The same on so many problems, with answers of so many tokens. */
    public CheckConfig of(int problems, int tokens) {
        return new CheckConfig(problems, tokens, checkSamples);
    }
}
