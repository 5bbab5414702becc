// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer.generation.processor;

/**
 * Rules out the end tokens until there are enough new ones.
 *
 * @param atLeast new tokens
 * @param endTokens ids that end a continuation
 */
public record MinNewTokens(int atLeast, int[] endTokens) implements LogitsProcessor {
    @Override
    public void process(TokenHistory tokens, float[] logits) {
        if (tokens.newTokens() < atLeast) {
            Rows.ruleOut(logits, endTokens);
        }
    }
}
