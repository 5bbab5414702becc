// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.advantage;

/**
 * A_i = r_i - τ log( (1/G) Σ_j exp(r_j / τ) ): online mirror descent with the partition function estimated from the
 * group (Kimi k1.5, arXiv 2501.12599, equation for τ log Z).
 *
 * <p>The baseline tends to the mean reward as τ → ∞ and to the largest reward as τ → 0.
 *
 * @param tau the strength of the KL anchor, in units of reward per nat; the same τ as the objective's
 */
public record LogMeanExpBaseline(double tau) implements GroupEstimator {

    /** Checks that τ is positive and finite. */
    public LogMeanExpBaseline {
        if (!(tau > 0) || Double.isInfinite(tau)) {
            throw new IllegalArgumentException("tau must be positive and finite, got " + tau);
        }
    }

    @Override
    public double[] advantages(GroupRewards group) {
        double largest = Double.NEGATIVE_INFINITY;
        for (int i = 0; i < group.size(); i++) {
            largest = group.isScored(i) ? Math.max(largest, group.rewards()[i]) : largest;
        }
        // log-mean-exp around the largest reward: no exponential exceeds 1. With expm1 and log1p, because at large τ
        // the mean of the exponentials is so close to 1 that its logarithm would lose all digits.
        double sum = 0;
        for (int i = 0; i < group.size(); i++) {
            sum += group.isScored(i) ? StrictMath.expm1((group.rewards()[i] - largest) / tau) : 0;
        }
        return group.minus(largest + tau * StrictMath.log1p(sum / group.scored()));
    }
}
