// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.observe;

import dev.jacobian.rl.config.StepPlan;
import dev.jacobian.rl.learn.CreditedGroup;
import dev.jacobian.rl.rollout.Trajectory;

/**
 * How much older the weights are that chose tokens than those that learn from them, in rollouts: {@code staleness/mean} over tokens, and
 * {@code staleness/max}. Where all is fresh there are no such metrics.
 *
 * @param plan how rollouts become steps
 * @param always whether there are such metrics all the same
 */
public record StalenessMetrics(StepPlan plan, boolean always) implements StepObserver {
    @Override
    public void observe(TrainingStep step, Measurements measured) {
        long learned = plan.trl() ? (step.number() - 1) / plan.updates() : step.number() - 1L;
        double sum = 0;
        long tokens = 0;
        long max = 0;
        for (CreditedGroup group : step.batch()) {
            for (Trajectory sample : group.scored().group().samples()) {
                for (int t = 0; t < sample.length(); t++) {
                    if (sample.chosen()[t]) {
                        long age = Math.max(0, learned - sample.versions().at(t) / plan.updates());
                        sum += age;
                        max = Math.max(max, age);
                        tokens++;
                    }
                }
            }
        }
        if (always || max > 0) {
            measured.put("staleness/mean", sum / Math.max(1, tokens));
            measured.put("staleness/max", (double) max);
        }
    }
}
