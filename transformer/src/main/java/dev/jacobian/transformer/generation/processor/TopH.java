// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer.generation.processor;

import dev.jacobian.tensor.SamplingFilters;
import java.util.Arrays;

/**
 * Keeps the likeliest tokens whose share of the entropy stays within a part of all of it (Potraghloo et al. 2025). The entropy is
 * that of the {@value #CANDIDATES} likeliest tokens among themselves.
 *
 * @param topH the part, in (0, 1]
 */
public record TopH(float topH) implements LogitsProcessor {
    private static final int CANDIDATES = 100;

    @Override
    public void process(TokenHistory tokens, float[] logits) {
        int[] likeliest = Arrays.copyOf(Rows.descending(logits), Math.min(CANDIDATES, logits.length));
        float[] row = new float[likeliest.length];
        for (int rank = 0; rank < row.length; rank++) {
            row[rank] = logits[likeliest[rank]];
        }
        double[] p = SamplingFilters.probabilities(row);
        for (int rank = 0; rank < row.length; rank++) {
            p[rank] = (float) p[rank]; // what is certain in F32 has no entropy, as in transformers
        }
        double limit = Rows.entropy(p) * topH;
        Rows.ruleOutAll(logits);
        double cumulative = 0;
        for (int rank = 0; rank < row.length; rank++) {
            cumulative -= p[rank] > 0 ? p[rank] * StrictMath.log(p[rank]) : 0;
            if (rank > 0 && cumulative > limit) {
                return;
            }
            logits[likeliest[rank]] = row[rank];
        }
    }
}
