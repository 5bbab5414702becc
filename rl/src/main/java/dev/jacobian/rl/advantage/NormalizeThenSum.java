// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.advantage;

import java.util.Arrays;
import java.util.List;

/**
 * Each reward function's rewards are normalised within the group, then summed with their weights, then the sums are normalised over the batch (GDPO,
 * arXiv 2601.05242): so that a function with small rewards is heard beside one with large ones. TRL's {@code
 * multi_objective_aggregation="normalize_then_sum"}.
 *
 * @param weights of the functions, in their order; empty for 1 each
 * @param epsilon added to each standard deviation
 */
public record NormalizeThenSum(List<Double> weights, double epsilon) implements AdvantageEstimator {
    /** Checks that ε is positive. */
    public NormalizeThenSum {
        weights = List.copyOf(weights);
        if (!(epsilon > 0)) {
            throw new IllegalArgumentException("epsilon must be positive, got " + epsilon);
        }
    }

    @Override
    public List<GroupAdvantages> advantages(List<GroupRewards> batch) {
        return new BatchNormalized(new Sums(), epsilon).advantages(batch);
    }

    /** The weighted sums within groups. */
    private final class Sums implements GroupEstimator {
        @Override
        public double[] advantages(GroupRewards group) {
            List<double[]> parts = group.parts().isEmpty() ? List.of(group.rewards()) : group.parts();
            double[] sums = new double[group.size()];
            for (int f = 0; f < parts.size(); f++) {
                double weight = weights.isEmpty() ? 1 : weights.get(f);
                double[] own = new GroupNormalized(epsilon).advantages(new GroupRewards(parts.get(f), group.lengths()));
                Arrays.setAll(own, i -> Double.isNaN(own[i]) ? 0 : own[i]);
                for (int i = 0; i < sums.length; i++) {
                    sums[i] += weight * own[i];
                }
            }
            return sums;
        }
    }
}
