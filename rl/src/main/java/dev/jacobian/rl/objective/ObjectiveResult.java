// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.objective;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * What an objective says about one micro-batch, or about a part of one.
 *
 * @param loss this part's share of the optimizer step's loss
 * @param gradLogProbs [N] dloss/dlogp of every token; 0 where the mask is false
 * @param gradEntropies [N] dloss/dH of every token's entropy, if the loss depends on entropies
 * @param gradValues [N] dloss/dV of every token's value, if the loss depends on values
 * @param statistics counts and sums that add up over micro-batches
 * @param measures further metrics by name: means within the micro-batch; of a step the mean over its micro-batches is reported
 */
public record ObjectiveResult(
        double loss,
        float[] gradLogProbs,
        Optional<float[]> gradEntropies,
        Optional<float[]> gradValues,
        ObjectiveStatistics statistics,
        Map<String, Quotient> measures) {
    /** Of a loss that depends on log-probabilities alone. */
    public ObjectiveResult(double loss, float[] gradLogProbs, ObjectiveStatistics statistics) {
        this(loss, gradLogProbs, Optional.empty(), Optional.empty(), statistics, Map.of());
    }

    /** The same with further metrics. */
    public ObjectiveResult withMeasures(Map<String, Quotient> further) {
        Map<String, Quotient> all = new LinkedHashMap<>(measures);
        all.putAll(further);
        return new ObjectiveResult(loss, gradLogProbs, gradEntropies, gradValues, statistics, all);
    }
}
