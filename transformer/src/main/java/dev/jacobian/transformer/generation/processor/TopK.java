// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer.generation.processor;

/**
 * Keeps the k largest logits, and ties with the k-th.
 *
 * @param topK at least 1
 * @param minTokensToKeep tokens that stay in any case
 */
public record TopK(int topK, int minTokensToKeep) implements LogitsProcessor {
    @Override
    public void process(TokenHistory tokens, float[] logits) {
        float kth = Rows.kthLargest(logits, Math.max(topK, minTokensToKeep));
        for (int i = 0; i < logits.length; i++) {
            logits[i] = logits[i] < kth ? Float.NEGATIVE_INFINITY : logits[i];
        }
    }
}
