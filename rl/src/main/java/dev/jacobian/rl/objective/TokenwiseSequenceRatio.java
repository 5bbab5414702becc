// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.objective;

/**
 * GSPO-token (arXiv 2507.18071, section 4.3): the sequence's ratio decides what is clipped, each token keeps its own advantage, and the
 * gradient goes through the token alone:
 *
 * <pre>
 * s        = exp((1/l) Σ_t d_t)                             d_t = log π − log π_old
 * s_t      = s · π / π(held)                                the value of s, the gradient of the token
 * L_t      = −min(s_t A_t, clip(s_t, 1 − ε_low, 1 + ε_high) A_t) + β k3
 * dL/dlogp = −s A_t  where the first term is the smaller one, else 0
 * </pre>
 *
 * <p>Where a sequence's tokens share one advantage this is {@link ClippedSurrogate} at {@link RatioLevel#SEQUENCE_MEAN}, value and gradient.
 * Where they do not, the derivative is not that of the value: that is the method's point.
 *
 * @param epsilonLow how far the ratio may fall below 1, in [0, 1]
 * @param epsilonHigh how far it may rise above 1 (an offset)
 * @param klPenalty anchor to a reference policy, or {@link KlPenalty#NONE}
 */
public record TokenwiseSequenceRatio(double epsilonLow, double epsilonHigh, KlPenalty klPenalty)
        implements PolicyObjective {
    public TokenwiseSequenceRatio {
        new ClippedSurrogate(epsilonLow, epsilonHigh); // checks the range
    }

    @Override
    public boolean needsReference() {
        return klPenalty.isActive();
    }

    @Override
    public ObjectiveResult evaluate(TokenBatch batch, Normalizer normalizer) {
        klPenalty.check(batch);
        ObjectiveSums sums = new ObjectiveSums(batch);
        for (int s = 0; s < batch.sequences(); s++) {
            int length = batch.length(s);
            double weight = normalizer.weight(length);
            double sum = 0;
            for (int t = batch.start(s); t < batch.end(s); t++) {
                sum += batch.mask()[t] ? batch.logRatio(t) : 0;
            }
            double ratio = StrictMath.exp(sum / Math.max(1, length));
            for (int t = batch.start(s); t < batch.end(s); t++) {
                if (!batch.mask()[t]) {
                    continue;
                }
                double advantage = batch.advantages()[t];
                boolean low = advantage < 0 && ratio < 1 - epsilonLow;
                boolean high = advantage > 0 && ratio > 1 + epsilonHigh;
                if (low) {
                    sums.clippedLow();
                } else if (high) {
                    sums.clippedHigh();
                }
                double bounded = low ? 1 - epsilonLow : high ? 1 + epsilonHigh : ratio;
                double factor = weight * batch.weight(t);
                sums.loss(-factor * bounded * advantage);
                sums.gradient(t, (low || high ? 0 : -factor * ratio * advantage) + sums.kl(klPenalty, t, weight));
            }
        }
        return sums.result();
    }
}
