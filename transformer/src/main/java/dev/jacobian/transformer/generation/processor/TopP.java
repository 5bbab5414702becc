// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer.generation.processor;

import dev.jacobian.tensor.LikeliestTokens;
import dev.jacobian.tensor.SamplingFilters;

/**
 * Nucleus sampling (Holtzman et al. 2019): removes the least likely tokens whose probabilities together are at most 1 − p.
 *
 * @param topP in (0, 1]
 * @param minTokensToKeep likeliest tokens that stay in any case
 */
public record TopP(float topP, int minTokensToKeep) implements LogitsProcessor {
    @Override
    public void process(TokenHistory tokens, float[] logits) {
        if (LikeliestTokens.keepNucleus(logits, topP, minTokensToKeep)) {
            return;
        }
        double[] p = SamplingFilters.probabilities(logits);
        int[] ascending = Rows.ascending(logits);
        double cumulative = 0;
        for (int rank = 0; rank < logits.length - minTokensToKeep; rank++) {
            cumulative += p[ascending[rank]];
            if (cumulative > 1 - topP) {
                return;
            }
            logits[ascending[rank]] = Float.NEGATIVE_INFINITY;
        }
    }
}
