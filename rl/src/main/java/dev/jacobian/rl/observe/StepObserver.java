// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.observe;

/**
 * Measures a step. All metrics of a run come from observers, and a run can have more of them:
 *
 * <pre>{@code
 * trainer.observer((step, measured) -> measured.put("groups", step.sampled().size()));
 * }</pre>
 *
 * <p>Observers look; nothing that they do changes the training. They are asked in the order in which they were added, on the
 * trainer's thread, when the step's weights are published.
 */
@FunctionalInterface
public interface StepObserver {
    /** Adds what it measures of a step. */
    void observe(TrainingStep step, Measurements measured);
}
