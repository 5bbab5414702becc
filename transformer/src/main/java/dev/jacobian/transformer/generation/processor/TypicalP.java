// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer.generation.processor;

import dev.jacobian.tensor.SamplingFilters;

/**
 * Locally typical sampling (Meister et al. 2022): keeps tokens whose surprise −log p is closest to the entropy of the
 * distribution, until their probabilities together reach a mass.
 *
 * @param mass in (0, 1)
 * @param minTokensToKeep most typical tokens that stay in any case
 */
public record TypicalP(float mass, int minTokensToKeep) implements LogitsProcessor {
    @Override
    public void process(TokenHistory tokens, float[] logits) {
        double[] p = SamplingFilters.probabilities(logits);
        double entropy = Rows.entropy(p);
        float[] distance = new float[p.length];
        for (int i = 0; i < p.length; i++) {
            distance[i] = (float) Math.abs(-StrictMath.log(p[i]) - entropy);
        }
        int[] typical = Rows.ascending(distance);
        int last = 0;
        double cumulative = p[typical[0]];
        while (cumulative < mass && last < p.length - 1) {
            cumulative += p[typical[++last]];
        }
        float farthest = distance[typical[last]];
        for (int rank = minTokensToKeep; rank < p.length; rank++) {
            if (distance[typical[rank]] > farthest) {
                logits[typical[rank]] = Float.NEGATIVE_INFINITY;
            }
        }
    }
}
