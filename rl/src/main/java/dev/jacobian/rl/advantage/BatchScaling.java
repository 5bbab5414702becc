// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.advantage;

import java.util.ArrayList;
import java.util.List;

/**
 * A_i / (s + ε) with s the standard deviation of all rewards of the batch: the second half of TRL's
 * {@code scale_rewards="batch"}; the first half is {@link MeanBaseline} inside each group.
 *
 * <p>One common divisor keeps the groups' relative weights, unlike {@link GroupNormalized}. It is a separate step
 * because it needs every group of the optimizer step.
 *
 * @param epsilon added to the standard deviation, in units of reward
 */
public record BatchScaling(double epsilon) {

    /** Checks that ε is positive. */
    public BatchScaling {
        if (!(epsilon > 0)) {
            throw new IllegalArgumentException("epsilon must be positive, got " + epsilon);
        }
    }

    /** With {@link GroupNormalized#DEFAULT_EPSILON}. */
    public BatchScaling() {
        this(GroupNormalized.DEFAULT_EPSILON);
    }

    /**
     * Estimates advantages group by group and divides them all by the batch's deviation.
     *
     * @param groups every group of the optimizer step
     * @param estimator what to do inside a group
     * @return one array of advantages per group, in order
     */
    public List<double[]> advantages(List<GroupRewards> groups, AdvantageEstimator estimator) {
        int size = groups.stream().mapToInt(GroupRewards::size).sum();
        if (size == 0) {
            return List.of();
        }
        double[] all = new double[size];
        int next = 0;
        for (GroupRewards group : groups) {
            System.arraycopy(group.rewards(), 0, all, next, group.size());
            next += group.size();
        }
        double scale = new GroupRewards(all, new int[size]).standardDeviation() + epsilon;
        List<double[]> scaled = new ArrayList<>();
        for (GroupRewards group : groups) {
            double[] advantages = estimator.advantages(group);
            for (int i = 0; i < advantages.length; i++) {
                advantages[i] /= scale;
            }
            scaled.add(advantages);
        }
        return scaled;
    }
}
