// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer.generation.processor;

import java.util.function.IntUnaryOperator;

/**
 * Makes the last token of a continuation that reaches its limit one of some ids.
 *
 * @param limit of the tokens of prompt and continuation together, from the prompt's length
 * @param tokens the ids
 */
public record ForcedEos(IntUnaryOperator limit, int[] tokens) implements LogitsProcessor {
    @Override
    public void process(TokenHistory history, float[] logits) {
        if (history.length() == limit.applyAsInt(history.promptLength()) - 1) {
            Rows.ruleOutAll(logits);
            for (int token : tokens) {
                logits[token] = 0;
            }
        }
    }
}
