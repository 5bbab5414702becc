// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer.generation;

/**
 * One continuation of a prompt.
 *
 * @param tokenIds sampled tokens, the end token included
 * @param logProbs log-probability of each at the sampling temperature over the whole vocabulary, whatever filters were on
 * @param finishReason why it ended
 */
public record Generation(int[] tokenIds, float[] logProbs, FinishReason finishReason) {
    /**
     * A continuation with its text.
     *
     * @param text decoded tokens without special ones
     * @param generation the tokens
     */
    public record Text(String text, Generation generation) {}
}
