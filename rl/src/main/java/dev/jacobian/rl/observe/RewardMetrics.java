// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.observe;

import dev.jacobian.rl.rollout.ScoredGroup;
import java.util.Arrays;
import java.util.List;

/** What the samples earned: the mean reward, how it varies within groups, each function's own part. */
public final class RewardMetrics implements StepObserver {
    private final boolean overBatch;

    /** @param overBatch whether {@code reward_std} is the deviation over all samples, as TRL has it today, or the mean of the groups' */
    public RewardMetrics(boolean overBatch) {
        this.overBatch = overBatch;
    }

    /** With the mean of the groups' deviations. */
    public RewardMetrics() {
        this(false);
    }

    @Override
    public void observe(TrainingStep step, Measurements measured) {
        if (step.sampled().isEmpty()) {
            return;
        }
        List<ScoredGroup> groups = step.sampled();
        double[] all = scored(groups.stream().map(ScoredGroup::rewards).toList());
        measured.put("reward", mean(all));
        double[] deviations =
                groups.stream().mapToDouble(g -> deviation(g.rewards())).toArray();
        measured.put("reward_std", overBatch ? deviation(all) : mean(deviations));
        measured.put(
                "frac_reward_zero_std",
                mean(Arrays.stream(deviations).map(d -> d == 0 ? 1 : 0).toArray()));
        measured.put("pass@1/train", solved(groups) / (double) Math.max(1, all.length));
        for (String name : groups.getFirst().parts().keySet()) {
            double[] part = scored(groups.stream().map(g -> g.parts().get(name)).toList());
            measured.put("rewards/" + name + "/mean", mean(part));
            measured.put("rewards/" + name + "/std", deviation(part));
        }
    }

    private static int solved(List<ScoredGroup> groups) {
        int count = 0;
        for (ScoredGroup group : groups) {
            for (boolean one : group.solved()) {
                count += one ? 1 : 0;
            }
        }
        return count;
    }

    private static double[] scored(List<double[]> groups) {
        return groups.stream()
                .flatMapToDouble(Arrays::stream)
                .filter(r -> !Double.isNaN(r))
                .toArray();
    }

    private static double mean(double[] x) {
        return Arrays.stream(x).average().orElse(0);
    }

    /** Bessel-corrected standard deviation of the numbers that are there. */
    private static double deviation(double[] x) {
        double[] scored = Arrays.stream(x).filter(r -> !Double.isNaN(r)).toArray();
        if (scored.length < 2) {
            return 0;
        }
        double first = scored[0];
        double mean = first + Arrays.stream(scored).map(r -> r - first).sum() / scored.length;
        double squares = Arrays.stream(scored).map(r -> (r - mean) * (r - mean)).sum();
        return Math.sqrt(squares / (scored.length - 1));
    }
}
