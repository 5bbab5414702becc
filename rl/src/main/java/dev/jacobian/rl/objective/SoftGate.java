// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.objective;

/**
 * SAPO (arXiv 2511.20347): a smooth gate where {@link ClippedSurrogate} cuts.
 *
 * <pre>
 * L_t      = -(4/τ) σ(τ (ρ - 1)) A
 * dL/dlogp = -4 σ (1 - σ) ρ A
 * </pre>
 *
 * <p>τ is {@code positive} where A &gt; 0 and {@code negative} elsewhere; on-policy the gate's slope is 1 whatever it is.
 *
 * @param positive τ of good samples
 * @param negative τ of the others
 * @param klPenalty anchor to a reference policy, or {@link KlPenalty#NONE}
 * @param level what the ratio is taken of
 */
public record SoftGate(double positive, double negative, KlPenalty klPenalty, RatioLevel level)
        implements PolicyObjective {
    /** Checks that both are positive. */
    public SoftGate {
        if (!(positive > 0) || !(negative > 0)) {
            throw new IllegalArgumentException(
                    "the temperatures of a soft gate must be positive, got " + positive + " and " + negative);
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
            Ratios ratios = Ratios.of(batch, s, level);
            sums.kl(klPenalty, s, weight, ratios);
            for (int t = batch.start(s); t < batch.end(s); t++) {
                if (!batch.mask()[t]) {
                    continue;
                }
                double advantage = batch.advantages()[t];
                double tau = advantage > 0 ? positive : negative;
                double ratio = ratios.at(t);
                double gate = 1 / (1 + StrictMath.exp(-tau * (ratio - 1)));
                double slope = -4 * gate * (1 - gate) * ratio * advantage;
                sums.loss(-weight * 4 / tau * gate * advantage * batch.weight(t));
                sums.gradient(t, weight * slope * ratios.slope(t) + sums.kl(t));
            }
        }
        return sums.result();
    }
}
