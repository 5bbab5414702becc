// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.objective;

import java.util.Map;

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
 * @param level what the ratio is taken of
 * @param capsAll whether a cap below 1 is meant, which takes from every weight, the on-policy one too
 */
public record CappedImportance(double ratioCap, KlPenalty klPenalty, RatioLevel level, boolean capsAll)
        implements PolicyObjective {

    /** Checks that the cap leaves the on-policy weight 1 alone. */
    public CappedImportance {
        if (!(ratioCap >= 1 || capsAll && ratioCap > 0)) {
            throw new IllegalArgumentException(
                    "ratioCap is the largest importance weight itself, not an offset from 1, so"
                            + " it must be at least 1; got " + ratioCap);
        }
    }

    /** Of token ratios. */
    public CappedImportance(double ratioCap, KlPenalty klPenalty) {
        this(ratioCap, klPenalty, RatioLevel.TOKEN, false);
    }

    @Override
    public boolean needsReference() {
        return klPenalty.isActive();
    }

    @Override
    public ObjectiveResult evaluate(TokenBatch batch, Normalizer normalizer) {
        klPenalty.check(batch);
        ObjectiveSums sums = new ObjectiveSums(batch);
        double capped = 0; // of tokens that were better than expected
        double tokens = 0;
        for (int s = 0; s < batch.sequences(); s++) {
            double weight = normalizer.weight(batch.length(s));
            Ratios ratios = Ratios.of(batch, s, level);
            sums.kl(klPenalty, s, weight, ratios);
            for (int t = batch.start(s); t < batch.end(s); t++) {
                if (!batch.mask()[t]) {
                    continue;
                }
                double advantage = batch.advantages()[t];
                double ratio = ratios.at(t);
                if (ratio > ratioCap) {
                    sums.clippedHigh();
                    capped += advantage > 0 ? 1 : 0;
                }
                tokens++;
                double importance = Math.min(ratio, ratioCap);
                double factor = batch.weight(t);
                sums.loss(-weight * importance * advantage * batch.logProbs()[t] * factor);
                sums.gradient(t, -weight * importance * advantage * factor + sums.kl(t));
            }
        }
        return sums.result().withMeasures(Map.of("cispo_clip_ratio", new Quotient(capped, tokens)));
    }
}
