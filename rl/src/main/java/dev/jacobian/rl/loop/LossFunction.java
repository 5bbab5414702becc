// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.loop;

import dev.jacobian.rl.learn.LossValue;

/**
 * A loss in closed form over log-probabilities.
 *
 * <pre>{@code
 * LossFunction squared = batch -> { // ½ Σ (log p + 1)²
 *     double value = 0;
 *     double[] slopes = new double[batch.count()];
 *     for (int t = 0; t < slopes.length; t++) {
 *         slopes[t] = batch.logProbs()[t] + 1;
 *         value += 0.5 * slopes[t] * slopes[t];
 *     }
 *     return new LossValue(value, slopes);
 * };
 * }</pre>
 */
@FunctionalInterface
public interface LossFunction {
    /**
     * Its value and its derivative with respect to each of the batch's N log-probabilities. It may be asked at other log-probabilities
     * than the model's, and must depend on nothing else.
     */
    LossValue of(Scored batch);

    /** Whether its derivative is the same at all log-probabilities, so that a batch in parts needs one pass instead of two. */
    default boolean isLinear() {
        return false;
    }
}
