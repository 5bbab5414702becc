// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.advantage;

/**
 * Only the best sample of a group learns, by its distance from the second best (verl's {@code grpo_passk}; arXiv 2503.19595):
 *
 * <pre>
 * A_best = r_best − r_second          divided by (std r + ε) where wanted; all others 0
 * </pre>
 *
 * <p>A step towards the largest reward of the group, thus towards pass@k, not towards the mean. Two samples that share the best
 * reward learn nothing.
 *
 * @param scaled whether the group's standard deviation divides
 * @param epsilon added to it, in units of reward; 1e-6 in verl
 */
public record BestOfGroup(boolean scaled, double epsilon) implements GroupEstimator {

    public BestOfGroup {
        if (!(epsilon > 0)) {
            throw new IllegalArgumentException("epsilon must be positive, got " + epsilon);
        }
    }

    @Override
    public double[] advantages(GroupRewards group) {
        double[] advantages = new double[group.size()];
        int best = -1;
        double second = Double.NEGATIVE_INFINITY;
        for (int i = 0; i < group.size(); i++) {
            if (!group.isScored(i)) {
                continue;
            }
            double reward = group.rewards()[i];
            if (best < 0 || reward > group.rewards()[best]) {
                second = best < 0 ? second : group.rewards()[best];
                best = i;
            } else {
                second = Math.max(second, reward);
            }
        }
        if (group.scored() > 1) {
            double scale = scaled ? group.standardDeviation() + epsilon : 1;
            advantages[best] = (group.rewards()[best] - second) / scale;
        }
        return advantages;
    }
}
