// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.observe;

import java.util.function.IntToDoubleFunction;

/**
 * How many held-out problems the policy solves, every so many steps; not after the last one, which the run measures anyway.
 *
 * @param every steps between measurements; 0 for none
 * @param problems how many problems
 * @param passAt1 measures on so many
 */
public record HeldOutMetrics(int every, int problems, IntToDoubleFunction passAt1) implements StepObserver {
    @Override
    public void observe(TrainingStep step, Measurements measured) {
        if (every > 0 && step.number() % every == 0 && step.number() < step.of()) {
            measured.put("pass@1", passAt1.applyAsDouble(problems));
        }
    }
}
