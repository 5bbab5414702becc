// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.method;

import dev.jacobian.rl.config.ConfigTree;
import dev.jacobian.rl.config.Numbers;
import dev.jacobian.rl.config.Setting;

/** How the rewards of several functions become one, and which samples teach. */
public record RewardMix(
        @Setting(value = "null", doc = "weights of the reward functions, in their order; null for the task's own")
        Numbers rewardWeights,

        @Setting(value = "false", doc = "learn nothing from completions that were cut at max_completion_length")
        boolean maskTruncatedCompletions) {
    /** The task's own weights; everything teaches. */
    public static final RewardMix NONE = ConfigTree.defaults(RewardMix.class);
}
