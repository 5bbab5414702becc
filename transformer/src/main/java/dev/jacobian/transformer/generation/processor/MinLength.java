// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer.generation.processor;

/**
 * Rules out the end tokens until prompt and continuation together are long enough.
 *
 * @param atLeast tokens
 * @param endTokens ids that end a continuation
 */
public record MinLength(int atLeast, int[] endTokens) implements LogitsProcessor {
    @Override
    public void process(TokenHistory tokens, float[] logits) {
        if (tokens.length() < atLeast) {
            Rows.ruleOut(logits, endTokens);
        }
    }
}
