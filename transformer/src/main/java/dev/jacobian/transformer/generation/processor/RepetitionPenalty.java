// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer.generation.processor;

import dev.jacobian.tensor.SamplingFilters;

/**
 * Makes tokens less likely that the sequence already has, those of the prompt too (Keskar et al. 2019): positive logits are divided
 * by the penalty, negative ones multiplied, once however often the token occurs.
 *
 * @param penalty positive; above 1 against repetition
 */
public record RepetitionPenalty(float penalty) implements LogitsProcessor {
    @Override
    public void process(TokenHistory tokens, float[] logits) {
        SamplingFilters.penalize(logits, tokens.toArray(), penalty);
    }
}
