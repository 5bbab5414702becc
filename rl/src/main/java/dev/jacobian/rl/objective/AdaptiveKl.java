// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.objective;

/**
 * A coefficient of a KL penalty that goes up while the policy is farther from its reference than a target, and down while it is
 * nearer (Ziegler et al., arXiv 1909.08593).
 *
 * <pre>
 * e = clip(KL / target − 1, −0.2, 0.2)
 * β ← β (1 + e n / horizon)                     n samples were seen
 * </pre>
 *
 * @param target the divergence of a whole completion that is wanted, in nats
 * @param horizon samples in which the coefficient may change by about a fifth
 */
public record AdaptiveKl(double target, double horizon) {
    private static final double MOST = 0.2;

    /** Checks that both are positive. */
    public AdaptiveKl {
        if (!(target > 0) || !(horizon > 0)) {
            throw new IllegalArgumentException(
                    "target and horizon of an adaptive KL penalty must be positive, got " + target + " and " + horizon);
        }
    }

    /**
     * The coefficient after a step.
     *
     * @param coefficient before it
     * @param kl the divergence per completion that the step saw
     * @param samples completions of the step
     */
    public double next(double coefficient, double kl, long samples) {
        double error = Math.clamp(kl / target - 1, -MOST, MOST);
        return coefficient * (1 + error * samples / horizon);
    }
}
