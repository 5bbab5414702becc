// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer.generation.processor;

import dev.jacobian.tensor.LikeliestTokens;
import dev.jacobian.tensor.SamplingFilters;
import java.util.Arrays;

/**
 * Removes tokens less likely than a share of the likeliest.
 *
 * @param minP the share, in [0, 1]
 * @param minTokensToKeep likeliest tokens that stay in any case
 */
public record MinP(float minP, int minTokensToKeep) implements LogitsProcessor {
    @Override
    public void process(TokenHistory tokens, float[] logits) {
        if (minTokensToKeep == 1 && LikeliestTokens.keepShare(logits, minP)) {
            return;
        }
        double[] p = SamplingFilters.probabilities(logits);
        double limit = minP * Arrays.stream(p).max().orElseThrow();
        int[] ascending = Rows.ascending(logits);
        for (int rank = 0; rank < logits.length - minTokensToKeep && p[ascending[rank]] < limit; rank++) {
            logits[ascending[rank]] = Float.NEGATIVE_INFINITY;
        }
    }
}
