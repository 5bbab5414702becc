// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.objective;

/**
 * The token loss of Kimi K2.5 (arXiv 2602.02276): a clipped ratio, whatever the advantage's sign, and a square that pulls back to the
 * policy that sampled:
 *
 * <pre>
 * L_t      = −clip(ρ, α, β) A + τ d²,   d = log π − log π_old, ρ = e^d
 * dL/dlogp = −ρ A within the bounds, else 0;   + 2 τ d
 * </pre>
 *
 * <p>Beyond its bounds a token is not lost, as in {@link ClippedSurrogate}, but drawn back. There is no ½ before the square here, unlike in
 * {@link SquaredLogRatio}.
 *
 * @param low α, the smallest ratio
 * @param high β, the largest ratio
 * @param tau τ, in reward per squared nat of a token
 */
public record ClippedQuadratic(double low, double high, double tau) implements TokenLoss {
    public ClippedQuadratic {
        if (!(low >= 0 && low <= 1 && high >= 1)) {
            throw new IllegalArgumentException("the bounds are ratios on both sides of 1, got " + low + " and " + high);
        }
        if (!(tau >= 0) || Double.isInfinite(tau)) {
            throw new IllegalArgumentException("tau must be finite and at least 0, got " + tau);
        }
    }

    @Override
    public Slope at(double logProb, double oldLogProb, double advantage) {
        double d = logProb - oldLogProb;
        double ratio = StrictMath.exp(d);
        double clipped = Math.clamp(ratio, low, high);
        double slope = clipped == ratio ? -ratio * advantage : 0;
        Side side = ratio < low ? Side.LOW : ratio > high ? Side.HIGH : Side.NONE;
        return new Slope(-clipped * advantage + tau * d * d, slope + 2 * tau * d, side);
    }
}
