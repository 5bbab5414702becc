// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl;

import dev.jacobian.transformer.generation.FinishReason;

/**
 * One sampled completion as token ids with per-token facts. It is carried from the sampler to the loss as it is; text is
 * decoded for rewards and people, never encoded again.
 *
 * @param tokenIds sampled tokens, the end token included
 * @param logProbs log-probability of each under the policy that sampled it, at the sampling temperature
 * @param finishReason why it ended
 * @param weightVersion optimizer steps that the sampling policy had seen
 */
public record Trajectory(int[] tokenIds, float[] logProbs, FinishReason finishReason, long weightVersion) {
    /** Number of tokens. */
    public int length() {
        return tokenIds.length;
    }
}
