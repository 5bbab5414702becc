// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.config;

import static dev.jacobian.rl.config.Checks.requireAtLeast;

/** Memory against time; none of it changes a bit of the result, but {@code micro_batch_tokens} its roundings. */
public record MemoryConfig(
        @Setting(value = "4096", doc = "tokens that one forward and backward pass holds")
        int microBatchTokens,

        @Setting(
                value = "false",
                doc = "compute layers again in backward instead of keeping what they computed: a third more"
                        + " arithmetic, much less memory, the same bits")
        boolean gradientCheckpointing,

        @Setting(
                value = "false",
                doc = "keep AdamW's moments in the host's memory when the model is on a GPU, for moving them"
                        + " at each step; the same bits")
        boolean offloadOptimizer) {
    public MemoryConfig {
        requireAtLeast("micro_batch_tokens", 1, microBatchTokens);
    }
}
