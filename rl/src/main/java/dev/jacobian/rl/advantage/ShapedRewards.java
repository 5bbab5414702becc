// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.advantage;

import java.util.List;

/**
 * Another estimator on rewards that were shaped first: cut to a range, and less what the divergence from the reference policy costs, β Σ_t log
 * (π_old / π_ref).
 *
 * @param inner the estimator
 * @param range least and largest reward; empty for no limits
 * @param beta β
 */
public record ShapedRewards(AdvantageEstimator inner, List<Double> range, double beta) implements AdvantageEstimator {
    /** Copies the range. */
    public ShapedRewards {
        range = List.copyOf(range);
    }

    @Override
    public boolean needsReference() {
        return beta != 0 || inner.needsReference();
    }

    @Override
    public List<GroupAdvantages> advantages(List<GroupRewards> batch) {
        return inner.advantages(batch.stream().map(this::shaped).toList());
    }

    @Override
    public double[] comparedRewards(GroupRewards group) {
        return shaped(group).rewards();
    }

    private GroupRewards shaped(GroupRewards group) {
        if (range.isEmpty() && beta == 0) {
            return group;
        }
        double[] rewards = group.rewards().clone();
        for (int i = 0; i < rewards.length; i++) {
            if (!range.isEmpty()) {
                rewards[i] = Math.min(range.get(1), Math.max(range.get(0), rewards[i]));
            }
            if (beta != 0) {
                rewards[i] -= beta * klToRef(group, i);
            }
        }
        return group.withRewards(rewards);
    }

    private static double klToRef(GroupRewards group, int sample) {
        return group.views()
                .filter(views -> views.ref().isPresent())
                .map(views -> views.klToRef(sample))
                .orElseThrow(() -> new IllegalArgumentException(
                        "a penalty for the divergence from the reference policy needs its log-probabilities, and"
                                + " nobody asked it"));
    }
}
