// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.observe;

import dev.jacobian.rl.rollout.ScoredGroup;
import dev.jacobian.rl.rollout.Trajectory;
import dev.jacobian.transformer.generation.FinishReason;
import java.util.ArrayList;
import java.util.List;

/** How many tokens the policy chose per sample, of all samples and of those that it ended itself. */
public final class LengthMetrics implements StepObserver {
    @Override
    public void observe(TrainingStep step, Measurements measured) {
        if (step.sampled().isEmpty()) {
            return;
        }
        List<Integer> all = new ArrayList<>();
        List<Integer> ended = new ArrayList<>();
        for (ScoredGroup group : step.sampled()) {
            for (Trajectory sample : group.group().samples()) {
                all.add(sample.choices());
                if (sample.finish() == FinishReason.STOP) {
                    ended.add(sample.choices());
                }
            }
        }
        put(measured, "completions/%s_length", all);
        put(measured, "completions/%s_terminated_length", ended);
        measured.put("completions/clipped_ratio", 1 - (double) ended.size() / all.size());
    }

    private static void put(Measurements measured, String pattern, List<Integer> lengths) {
        var summary = lengths.stream().mapToInt(l -> l).summaryStatistics();
        boolean some = summary.getCount() > 0;
        measured.put(pattern.replace("%s", "mean"), summary.getAverage());
        measured.put(pattern.replace("%s", "min"), some ? summary.getMin() : 0);
        measured.put(pattern.replace("%s", "max"), some ? summary.getMax() : 0);
    }
}
