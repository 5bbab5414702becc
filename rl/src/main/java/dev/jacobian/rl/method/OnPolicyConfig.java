// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.method;

import dev.jacobian.rl.config.Setting;

/** What a method without ratios makes of samples that are not its own. */
public record OnPolicyConfig(
        @Setting(
                value = "true",
                doc = "refuse samples that other weights drew, or whose log-probabilities are not this engine's bit for"
                        + " bit; false: learn from them as if they were")
        boolean strictOnPolicy) {}
