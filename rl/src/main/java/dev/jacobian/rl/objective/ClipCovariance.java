// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.objective;

import java.util.Arrays;

/**
 * Clip-Cov (arXiv 2505.22617): a few of the tokens whose covariance of advantage and log-probability lies between two bounds are left out
 * of the policy's term, so that entropy does not collapse. For use with a {@link ClippedSurrogate} of the same clip range, whose clipped
 * tokens are no candidates.
 *
 * <p>Of more candidates than are wanted those of the largest covariance are taken; the authors and verl draw among them.
 *
 * @param fraction share of all counted tokens that are left out at most, though at least one; 2e-4 in the paper
 * @param lower smallest covariance of a candidate; 1 in the paper
 * @param upper largest covariance of a candidate; 5 in the paper
 * @param surrogate whose clipping comes first
 */
public record ClipCovariance(double fraction, double lower, double upper, ClippedSurrogate surrogate)
        implements TokenWeighting {
    public ClipCovariance {
        if (!(fraction > 0 && fraction <= 1)) {
            throw new IllegalArgumentException("the share of tokens must lie in (0, 1], got " + fraction);
        }
        if (!(lower < upper)) {
            throw new IllegalArgumentException(
                    "the lower bound of covariances must be below the upper one, got " + lower + " and " + upper);
        }
    }

    @Override
    public double[] weights(TokenBatch batch) {
        Covariances covariances = new Covariances(batch);
        boolean[] out = covariances.largest(
                fraction, t -> covariances.at(t) > lower && covariances.at(t) < upper && !isClipped(batch, t));
        double[] weights = new double[batch.tokens()];
        Arrays.setAll(weights, t -> out[t] ? 0 : 1);
        return weights;
    }

    private boolean isClipped(TokenBatch batch, int t) {
        double ratio = StrictMath.exp(batch.logRatio(t));
        double advantage = batch.advantages()[t];
        return advantage < 0 && ratio < 1 - surrogate.epsilonLow()
                || advantage > 0 && ratio > 1 + surrogate.epsilonHigh();
    }

    @Override
    public boolean comparesTokens() {
        return true;
    }
}
