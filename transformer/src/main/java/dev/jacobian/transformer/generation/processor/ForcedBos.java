// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer.generation.processor;

/**
 * Makes a token certain behind a prompt of one token, as the first token of a translation is its language.
 *
 * @param token the id
 */
public record ForcedBos(int token) implements LogitsProcessor {
    @Override
    public void process(TokenHistory tokens, float[] logits) {
        if (tokens.length() == 1) {
            Rows.ruleOutAll(logits);
            logits[token] = 0;
        }
    }
}
