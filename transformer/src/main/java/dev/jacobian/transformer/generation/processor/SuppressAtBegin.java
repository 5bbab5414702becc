// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer.generation.processor;

/**
 * Rules out some tokens as the first of a continuation; as the second behind a prompt of one token where the first is forced.
 *
 * @param suppressed their ids
 * @param firstIsForced whether {@link ForcedBos} chooses the first token behind a prompt of one
 */
public record SuppressAtBegin(int[] suppressed, boolean firstIsForced) implements LogitsProcessor {
    @Override
    public void process(TokenHistory tokens, float[] logits) {
        int begin = firstIsForced && tokens.promptLength() == 1 ? 1 : 0;
        if (tokens.newTokens() == begin) {
            Rows.ruleOut(logits, suppressed);
        }
    }
}
