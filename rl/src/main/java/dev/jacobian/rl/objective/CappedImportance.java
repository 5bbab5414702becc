// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.objective;

/**
 * CISPO (arXiv 2506.13585): REINFORCE whose importance weight is capped and taken as a constant, so that, unlike with
 * {@link ClippedSurrogate}, no token ever loses its gradient:
 *
 * <pre>
 * L_t      = -w A logp,  w = min(ρ, cap) without gradient;  + β k3
 * dL/dlogp = -w A;  + β (1 - e^{-d})
 * </pre>
 *
 * @param ratioCap the largest weight. Absolute, not an offset from 1; ScaleRL uses 5
 * @param klPenalty anchor to a reference policy, or {@link KlPenalty#NONE}
 */
public record CappedImportance(double ratioCap, KlPenalty klPenalty) implements PolicyObjective {

    /** Checks that the cap leaves the on-policy weight 1 alone. */
    public CappedImportance {
        if (!(ratioCap >= 1)) {
            throw new IllegalArgumentException(
                    "ratioCap is the largest importance weight itself, not an offset from 1, so"
                            + " it must be at least 1; got " + ratioCap);
        }
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
            double weight = normalizer.weight(batch.length(s));
            for (int t = batch.start(s); t < batch.end(s); t++) {
                if (!batch.mask()[t]) {
                    continue;
                }
                double advantage = batch.advantages()[t];
                double ratio = StrictMath.exp(batch.logRatio(t));
                if (ratio > ratioCap) {
                    sums.clippedHigh();
                }
                double importance = Math.min(ratio, ratioCap);
                sums.loss(-weight * importance * advantage * batch.logProbs()[t]);
                sums.gradient(t, -weight * importance * advantage + sums.kl(klPenalty, t, weight));
            }
        }
        return sums.result();
    }
}
