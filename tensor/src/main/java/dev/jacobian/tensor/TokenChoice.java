// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor;

import java.util.Optional;

/**
 * Tokens chosen for rows of logits.
 *
 * @param tokens [R]
 * @param logProbs [R] of the tokens, under the logits at the rule's temperature and without filters
 */
public record TokenChoice(int[] tokens, float[] logProbs) {
    /**
     * How to choose.
     *
     * @param likeliest whether to take the likeliest token; otherwise one is drawn
     * @param inverseTemperature what logits are multiplied by
     * @param filters what shapes the rows before one is drawn, its own temperature in place of the other; or nothing
     * @param seed of the random numbers
     * @param coordinates [R, 4] of each row's number
     */
    public record Rule(
            boolean likeliest,
            float inverseTemperature,
            Optional<SamplingFilters> filters,
            long seed,
            int[] coordinates) {}
}
