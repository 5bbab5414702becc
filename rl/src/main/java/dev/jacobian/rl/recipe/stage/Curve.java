// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.recipe.stage;

import dev.jacobian.rl.observe.StepMetrics;
import java.util.ArrayList;
import java.util.List;

/**
 * How a number went over a stage's steps.
 *
 * @param steps ascending; 0 stands before the first
 * @param values one a step
 */
public record Curve(List<Integer> steps, List<Double> values) {
    public Curve {
        steps = List.copyOf(steps);
        values = List.copyOf(values);
        if (steps.size() != values.size()) {
            throw new IllegalArgumentException(steps.size() + " steps, but " + values.size() + " values");
        }
    }

    /** A metric over the steps that measured it. */
    public static Curve of(List<StepMetrics> steps, String metric) {
        List<Integer> at = new ArrayList<>();
        List<Double> values = new ArrayList<>();
        for (StepMetrics step : steps) {
            double value = step.get(metric);
            if (Double.isFinite(value)) {
                at.add(step.step());
                values.add(value);
            }
        }
        return new Curve(at, values);
    }
}
