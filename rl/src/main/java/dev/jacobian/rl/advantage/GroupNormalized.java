// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.advantage;

/**
 * A_i = (r_i - mean(r)) / (std(r) + ε): the advantage of GRPO (DeepSeekMath, arXiv 2402.03300).
 *
 * <p>The standard deviation is Bessel-corrected, as in every widely used implementation; the paper leaves that open. ε
 * is 1e-4 in TRL and 1e-6 in verl. Dividing by the deviation gives prompts that are nearly always or nearly never
 * solved more weight than {@link MeanBaseline} does (arXiv 2503.20783 calls that a bias). A group with a single scored
 * sample gets 0.
 *
 * @param epsilon added to the standard deviation, in units of reward
 */
public record GroupNormalized(double epsilon) implements GroupEstimator {

    /** TRL's ε. */
    public static final double DEFAULT_EPSILON = 1e-4;

    /** Checks that ε is positive, so that equal rewards do not divide 0 by 0. */
    public GroupNormalized {
        if (!(epsilon > 0)) {
            throw new IllegalArgumentException("epsilon must be positive, got " + epsilon);
        }
    }

    /** With {@link #DEFAULT_EPSILON}. */
    public GroupNormalized() {
        this(DEFAULT_EPSILON);
    }

    @Override
    public double[] advantages(GroupRewards group) {
        double scale = group.standardDeviation() + epsilon;
        double[] advantages = group.minus(group.mean());
        for (int i = 0; i < advantages.length; i++) {
            advantages[i] /= scale;
        }
        return advantages;
    }
}
