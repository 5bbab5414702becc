// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer.generation.processor;

import dev.jacobian.tensor.SamplingFilters;

/**
 * Removes tokens with a probability below min(ε, √ε · e^−H), where H is the entropy of the distribution (Hewitt et al. 2022): the
 * flatter it is, the more may stay.
 *
 * @param epsilon in (0, 1)
 * @param minTokensToKeep likeliest tokens that stay in any case
 */
public record EtaCutoff(float epsilon, int minTokensToKeep) implements LogitsProcessor {
    @Override
    public void process(TokenHistory tokens, float[] logits) {
        double[] p = SamplingFilters.probabilities(logits);
        double eta = Math.min(epsilon, Math.sqrt(epsilon) * StrictMath.exp(-Rows.entropy(p)));
        Rows.ruleOutBelow(logits, p, eta, minTokensToKeep);
    }
}
