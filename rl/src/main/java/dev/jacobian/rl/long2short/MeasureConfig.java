// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.long2short;

import static dev.jacobian.rl.config.Checks.require;

import dev.jacobian.rl.config.Setting;

/** How models are measured. */
public record MeasureConfig(
        @Setting(value = "500", doc = "held-out problems") int problems,

        @Setting(value = "4", doc = "completions of each") int samples,

        @Setting(value = "512", doc = "most tokens of a completion, the same for all models")
        int maxNewTokens) {
    public MeasureConfig {
        require(
                problems >= 1 && samples >= 1 && maxNewTokens >= 1,
                "problems, samples and max_new_tokens must be at least 1");
    }
}
