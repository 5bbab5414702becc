// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.advantage;

/**
 * A_i = P̂(y_i beats π) − ½ with P̂ the mean over the group, the sample itself included as a draw: what SPPO (arXiv 2405.00675)
 * regresses on, from rewards instead of a preference model.
 *
 * <pre>
 * P(i beats j) = σ(scale · (r_i − r_j))         scale infinite: 1, ½ or 0, the higher reward wins
 * </pre>
 *
 * <p>The advantages of a group sum to 0. With rewards of 0 and 1 alone, hard win rates are half of {@link MeanBaseline}'s
 * advantages.
 *
 * @param scale log-odds that one unit of reward is worth; {@link #HARD} for a win by any margin
 */
public record WinRate(double scale) implements GroupEstimator {
    /** Any margin wins. */
    public static final double HARD = Double.POSITIVE_INFINITY;

    /** Checks that the scale is positive. */
    public WinRate {
        if (!(scale > 0)) {
            throw new IllegalArgumentException("the scale of preferences must be positive, got " + scale);
        }
    }

    @Override
    public double[] advantages(GroupRewards group) {
        double[] advantages = new double[group.size()];
        for (int i = 0; i < group.size(); i++) {
            for (int j = 0; group.isScored(i) && j < group.size(); j++) {
                if (group.isScored(j)) {
                    advantages[i] += lead(group.rewards()[i] - group.rewards()[j]) / group.scored();
                }
            }
        }
        return advantages;
    }

    /** P − ½ for a difference of rewards: odd, so that a group's sum is 0. */
    double lead(double difference) {
        return scale == HARD ? Math.signum(difference) / 2 : StrictMath.tanh(scale * difference / 2) / 2;
    }
}
