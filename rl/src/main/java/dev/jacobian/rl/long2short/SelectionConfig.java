// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.long2short;

import static dev.jacobian.rl.config.Checks.require;

import dev.jacobian.rl.config.Setting;

/** How completions are drawn that become data. */
public record SelectionConfig(
        @Setting(value = "1000", doc = "training problems that are asked")
        int problems,

        @Setting(value = "8", doc = "completions of each") int samples,

        @Setting(value = "512", doc = "most tokens of a completion")
        int maxNewTokens,

        @Setting(value = "1.0", doc = "temperature") double temperature) {
    public SelectionConfig {
        require(
                problems >= 1 && samples >= 1 && maxNewTokens >= 1 && temperature > 0,
                "problems, samples and max_new_tokens must be at least 1, and temperature positive");
    }
}
