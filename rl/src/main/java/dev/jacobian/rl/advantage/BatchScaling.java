// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.advantage;

import java.util.Arrays;
import java.util.List;

/**
 * A_i / (s + ε) with s the standard deviation of all rewards of the batch: around {@link MeanBaseline}, TRL's
 * {@code scale_rewards="batch"}.
 *
 * <p>One common divisor keeps the groups' relative weights, unlike {@link GroupNormalized}.
 *
 * @param inner what is scaled
 * @param epsilon added to the standard deviation, in units of reward
 */
public record BatchScaling(AdvantageEstimator inner, double epsilon) implements AdvantageEstimator {

    /** Checks that ε is positive. */
    public BatchScaling {
        if (!(epsilon > 0)) {
            throw new IllegalArgumentException("epsilon must be positive, got " + epsilon);
        }
    }

    /** With {@link GroupNormalized#DEFAULT_EPSILON}. */
    public BatchScaling(AdvantageEstimator inner) {
        this(inner, GroupNormalized.DEFAULT_EPSILON);
    }

    @Override
    public List<GroupAdvantages> advantages(List<GroupRewards> batch) {
        if (batch.isEmpty()) {
            return List.of();
        }
        double[] all = batch.stream()
                .flatMapToDouble(group -> Arrays.stream(group.rewards()))
                .toArray();
        double scale = new GroupRewards(all, new int[all.length]).standardDeviation() + epsilon;
        return inner.advantages(batch).stream()
                .map(group -> group.dividedBy(scale))
                .toList();
    }
}
