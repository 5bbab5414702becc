// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.observe;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * What one training step measured.
 *
 * @param step 1 for the first step; 0 for measurements before training
 * @param totalSteps steps of the whole run
 * @param values metric names as TRL writes them ({@code reward}, {@code completions/mean_length}, …) to values, in the
 *     order in which they are written
 */
public record StepMetrics(int step, int totalSteps, Map<String, Double> values) {
    public StepMetrics {
        values = Collections.unmodifiableMap(new LinkedHashMap<>(values));
    }

    /** A metric's value, or NaN when this step did not measure it. */
    public double get(String name) {
        return values.getOrDefault(name, Double.NaN);
    }
}
