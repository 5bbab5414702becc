// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.objective;

import java.util.Map;
import java.util.Optional;

/**
 * VESPO (arXiv 2602.10693): REINFORCE whose sequences are weighted by a gamma-shaped function of their ratio, taken as a constant.
 *
 * <pre>
 * L_t      = -φ(w) A logp,  φ = e^λ w^k e^{-λ w}        w = Π ρ over the sequence, within [1e-8, e^20]
 * dL/dlogp = -φ(w) A
 * </pre>
 *
 * <p>φ is 1 at w = 1 and falls on both sides. A correction of foreign samples belongs into w, not beside it.
 *
 * @param positive k and λ where A is 0 or more
 * @param negative k and λ elsewhere
 * @param correction of samples of another engine
 * @param klPenalty anchor to a reference policy, or {@link KlPenalty#NONE}
 */
public record GammaWeighted(
        Gamma positive, Gamma negative, Optional<SamplingCorrection> correction, KlPenalty klPenalty)
        implements PolicyObjective {
    private static final double LOG_LEAST = StrictMath.log(1e-8);
    private static final double LOG_MOST = 20;

    /**
     * Shape of the weight.
     *
     * @param k its power of w
     * @param lambda its decay
     */
    public record Gamma(double k, double lambda) {
        double of(double logW) {
            return StrictMath.exp(lambda + k * logW - lambda * StrictMath.exp(logW));
        }
    }

    @Override
    public boolean needsReference() {
        return klPenalty.isActive();
    }

    @Override
    public boolean readsRollout() {
        return correction.isPresent();
    }

    @Override
    public ObjectiveResult evaluate(TokenBatch batch, Normalizer normalizer) {
        klPenalty.check(batch);
        ObjectiveSums sums = new ObjectiveSums(batch);
        Optional<double[]> foreign = correction.map(own -> own.weights(batch));
        double phis = 0;
        for (int s = 0; s < batch.sequences(); s++) {
            double weight = normalizer.weight(batch.length(s));
            double logW = logRatio(batch, s, foreign);
            double sign = batch.length(s) == 0 ? 0 : batch.advantages()[batch.start(s)];
            double phi = (sign >= 0 ? positive : negative).of(Math.clamp(logW, LOG_LEAST, LOG_MOST));
            phis += phi;
            for (int t = batch.start(s); t < batch.end(s); t++) {
                if (batch.mask()[t]) {
                    double slope = -weight * batch.weight(t) * phi * batch.advantages()[t];
                    sums.loss(slope * batch.logProbs()[t]);
                    sums.gradient(t, slope + sums.kl(klPenalty, t, weight));
                }
            }
        }
        return sums.result().withMeasures(Map.of("vespo/phi_seq_mean", new Quotient(phis, batch.sequences())));
    }

    private double logRatio(TokenBatch batch, int s, Optional<double[]> foreign) {
        double sum = 0;
        boolean whole = correction.isPresent() && correction.get().level() == SamplingCorrection.Level.SEQUENCE;
        for (int t = batch.start(s); t < batch.end(s); t++) {
            if (batch.mask()[t]) {
                sum += Math.clamp(batch.logRatio(t), -LOG_MOST, LOG_MOST);
                sum += foreign.isPresent() && !whole ? logOf(foreign.get()[t]) : 0;
            }
        }
        boolean any = batch.length(s) > 0;
        return sum + (whole && any ? logOf(foreign.orElseThrow()[batch.start(s)]) : 0);
    }

    private static double logOf(double factor) {
        return factor == 0 ? LOG_LEAST : Math.clamp(StrictMath.log(factor), LOG_LEAST, LOG_MOST);
    }
}
