// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer.generation.processor;

import dev.jacobian.tensor.SamplingFilters;

/**
 * Removes tokens with a probability below a limit (Hewitt et al. 2022).
 *
 * @param epsilon the limit, in (0, 1)
 * @param minTokensToKeep likeliest tokens that stay in any case
 */
public record EpsilonCutoff(float epsilon, int minTokensToKeep) implements LogitsProcessor {
    @Override
    public void process(TokenHistory tokens, float[] logits) {
        Rows.ruleOutBelow(logits, SamplingFilters.probabilities(logits), epsilon, minTokensToKeep);
    }
}
