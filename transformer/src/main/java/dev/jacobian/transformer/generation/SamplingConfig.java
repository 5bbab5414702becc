// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer.generation;

import static dev.jacobian.transformer.generation.Checks.require;

/**
 * How a token is drawn. All but {@code renormalizeLogits} matter only when sampling, in the order of the parameters.
 *
 * @param doSample sample; otherwise the most likely token (the first of equals) is taken
 * @param temperature logits are divided by it
 * @param topH keep the likeliest tokens within this part of the entropy; 1 for all
 * @param topK keep the k largest logits (ties with the k-th too); 0 for all
 * @param topP keep the smallest set with this much probability; 1 for all
 * @param minP keep tokens with at least this share of the largest probability; 0 for all
 * @param typicalP keep the most typical tokens with this much probability; 1 for all
 * @param epsilonCutoff keep tokens with at least this probability; 0 for all
 * @param etaCutoff keep tokens with at least this probability, or less where the distribution is flat; 0 for all
 * @param renormalizeLogits make logits log-probabilities at the end
 */
public record SamplingConfig(
        boolean doSample,
        float temperature,
        float topH,
        int topK,
        float topP,
        float minP,
        float typicalP,
        float epsilonCutoff,
        float etaCutoff,
        boolean renormalizeLogits) {
    public SamplingConfig {
        require(
                temperature > 0 && Float.isFinite(temperature),
                "temperature must be positive, got " + temperature + "; for greedy decoding turn sampling off");
        require(topH > 0 && topH <= 1, "top_h must lie in (0, 1], got " + topH);
        require(topK >= 0, "top_k must not be negative, got " + topK);
        require(topP > 0 && topP <= 1, "top_p must lie in (0, 1], got " + topP);
        require(minP >= 0 && minP <= 1, "min_p must lie in [0, 1], got " + minP);
        require(typicalP > 0 && typicalP <= 1, "typical_p must lie in (0, 1], got " + typicalP);
        require(epsilonCutoff >= 0 && epsilonCutoff < 1, "epsilon_cutoff must lie in [0, 1), got " + epsilonCutoff);
        require(etaCutoff >= 0 && etaCutoff < 1, "eta_cutoff must lie in [0, 1), got " + etaCutoff);
    }

    /** Whether there is a filter that kernels do not know. */
    boolean rareFilters() {
        return topH < 1 || typicalP < 1 || epsilonCutoff > 0 || etaCutoff > 0;
    }
}
