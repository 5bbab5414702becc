// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.objective;

import java.util.Map;

/**
 * Importance weights of samples that older weights drew, for an objective without a ratio of its own: {@code min(π_now / π_sampled, most)} of each
 * token, exactly 1 for a sample of the weights that learn. Cut from above, because a product of many ratios has no bound to its variance; the cut
 * leaves a bias towards the policy that sampled.
 *
 * @param most the largest weight
 */
public record ReplayImportance(double most) implements TokenWeighting {
    @Override
    public double[] weights(TokenBatch batch) {
        double[] weights = new double[batch.tokens()];
        for (int t = 0; t < weights.length; t++) {
            weights[t] = Math.min(most, StrictMath.exp((double) batch.logProbs()[t] - batch.oldLogProbs()[t]));
        }
        return weights;
    }

    @Override
    public Map<String, Quotient> measures(TokenBatch batch, double[] weights) {
        double sum = 0;
        double counted = 0;
        for (int t = 0; t < weights.length; t++) {
            sum += batch.mask()[t] ? weights[t] : 0;
            counted += batch.mask()[t] ? 1 : 0;
        }
        return Map.of("buffer/importance_weight", new Quotient(sum, counted));
    }
}
