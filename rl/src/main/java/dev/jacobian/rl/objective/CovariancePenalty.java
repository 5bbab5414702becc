// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.objective;

/**
 * KL-Cov (arXiv 2505.22617): the plain surrogate without a clip, in which the few tokens of the largest covariance of advantage and
 * log-probability are held near the policy that sampled:
 *
 * <pre>
 * L_t      = −ρ A  + c |d|  where the token is one of them       d = log π − log π_old
 * dL/dlogp = −ρ A  + c sign(d)
 * </pre>
 *
 * @param fraction share of all counted tokens that are held, though at least one; 2e-4 in verl
 * @param coefficient c; 1 in verl
 */
public record CovariancePenalty(double fraction, double coefficient) implements PolicyObjective {
    public CovariancePenalty {
        if (!(fraction > 0 && fraction <= 1)) {
            throw new IllegalArgumentException("the share of tokens must lie in (0, 1], got " + fraction);
        }
        if (!(coefficient >= 0) || Double.isInfinite(coefficient)) {
            throw new IllegalArgumentException("the coefficient must be finite and at least 0, got " + coefficient);
        }
    }

    @Override
    public boolean comparesTokens() {
        return true;
    }

    @Override
    public ObjectiveResult evaluate(TokenBatch batch, Normalizer normalizer) {
        ObjectiveSums sums = new ObjectiveSums(batch);
        boolean[] held = new Covariances(batch).largest(fraction, t -> true);
        for (int s = 0; s < batch.sequences(); s++) {
            double weight = normalizer.weight(batch.length(s));
            for (int t = batch.start(s); t < batch.end(s); t++) {
                if (batch.mask()[t]) {
                    double d = batch.logRatio(t);
                    double surrogate = -StrictMath.exp(d) * batch.advantages()[t];
                    double pull = held[t] ? coefficient : 0;
                    double factor = weight * batch.weight(t);
                    sums.loss(factor * (surrogate + pull * Math.abs(d)));
                    sums.gradient(t, factor * (surrogate + pull * Math.signum(d)));
                }
            }
        }
        return sums.result();
    }
}
