// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer.generation.processor;

/**
 * Rules out some tokens.
 *
 * @param suppressed their ids
 */
public record SuppressTokens(int[] suppressed) implements LogitsProcessor {
    @Override
    public void process(TokenHistory tokens, float[] logits) {
        Rows.ruleOut(logits, suppressed);
    }
}
