// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.objective;

/**
 * DPPO (arXiv 2602.04879): a token is left out once the policy has gone too far in its advantage's direction, where far is a divergence of the
 * distributions and not the ratio of the token:
 *
 * <pre>
 * L_t      = −w A logp,  w = min(ρ, cap) without gradient;   0 where the token is left out
 * dL/dlogp = −w A
 * far      = π − π_old                                       {@link Divergence#TV}, signed
 *            KL(π_old ‖ π) of "this token or another"         {@link Divergence#KL}
 * </pre>
 *
 * <p>A rare token's ratio is large long before the distribution has moved, and a likely token's distribution moves long before its ratio
 * leaves [0.8, 1.2]: a clip of ratios takes the first for far and the second for near.
 *
 * @param divergence how far is measured
 * @param low how far a token may be pushed down (A ≤ 0)
 * @param high how far a token may be pushed up (A > 0)
 * @param ratioCap the largest weight
 */
public record DivergenceMask(Divergence divergence, double low, double high, double ratioCap) implements TokenLoss {
    /** How far apart two distributions are, judged by the token that was drawn. */
    public enum Divergence {
        /** Total variation: the difference of the token's probabilities. */
        TV,
        /** Kullback-Leibler, with all other tokens taken together. */
        KL
    }

    public DivergenceMask {
        if (!(low >= 0) || !(high >= 0)) {
            throw new IllegalArgumentException(
                    "bounds of a divergence must be at least 0, got " + low + " and " + high);
        }
        if (!(ratioCap >= 1)) {
            throw new IllegalArgumentException("ratioCap is the largest weight itself, at least 1; got " + ratioCap);
        }
    }

    @Override
    public Slope at(double logProb, double oldLogProb, double advantage) {
        boolean up = advantage > 0;
        double now = StrictMath.exp(logProb);
        double old = StrictMath.exp(oldLogProb);
        boolean towards = up ? now > old : now < old;
        double far = switch (divergence) {
            case TV -> Math.abs(now - old);
            case KL -> binaryKl(now, logProb, old, oldLogProb);
        };
        if (towards && far > (up ? high : low)) {
            return new Slope(0, 0, up ? Side.HIGH : Side.LOW);
        }
        double weight = Math.min(StrictMath.exp(logProb - oldLogProb), ratioCap);
        return new Slope(-weight * advantage * logProb, -weight * advantage);
    }

    /** KL(old ‖ now) of two coins; a probability of 1 leaves nothing to the other side. */
    private static double binaryKl(double now, double logNow, double old, double logOld) {
        double rest = old < 1 ? (1 - old) * (StrictMath.log1p(-old) - StrictMath.log1p(-now)) : 0;
        return old * (logOld - logNow) + rest;
    }
}
