// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.objective;

import java.util.OptionalDouble;

/**
 * The clipped surrogate of PPO (arXiv 1707.06347), as GRPO, DAPO, Dr.GRPO, GSPO and RLOO use it:
 *
 * <pre>
 * L_t      = -min(ρ A, clip(ρ, 1 - ε_low, 1 + ε_high) A) + β k3
 * dL/dlogp = -ρ A  where the first term is the smaller one, else 0;  + β (1 - e^{-d})
 * </pre>
 *
 * <p>With the default level ρ is each token's ratio. At a sequence level every token of a sequence has the sequence's
 * ratio and loss, and dρ/dlogp_t is ρ/l (geometric mean) or ρ (product) for each of its tokens.
 *
 * <p>Not included on purpose: a second clip for negative advantages (dual clip), which verl applies by default, and a
 * clamp of the log-ratio. A loss that overflows shows a policy that has come loose from its samples, and should be
 * seen.
 *
 * @param epsilonLow how far the ratio may fall below 1, in [0, 1]
 * @param epsilonHigh how far the ratio may rise above 1; larger than {@code epsilonLow} is DAPO's "clip-higher"
 * @param klPenalty anchor to a reference policy, or {@link KlPenalty#NONE}
 * @param level what the ratio is taken of
 * @param delta the largest ratio of a sample that was worse than expected, which otherwise has no bound (INTELLECT-2, arXiv 2505.07291)
 */
public record ClippedSurrogate(
        double epsilonLow, double epsilonHigh, KlPenalty klPenalty, RatioLevel level, OptionalDouble delta)
        implements PolicyObjective {

    /** Checks the clip range. */
    public ClippedSurrogate {
        if (!(epsilonLow >= 0 && epsilonLow <= 1)) {
            throw new IllegalArgumentException("epsilonLow must be in [0, 1], got " + epsilonLow);
        }
        if (!(epsilonHigh >= 0)) {
            throw new IllegalArgumentException("epsilonHigh must be at least 0, got " + epsilonHigh
                    + "; it is the offset above 1, not the largest ratio");
        }
        if (!(delta.orElse(1) > 0)) {
            throw new IllegalArgumentException("delta must be positive, got " + delta.getAsDouble()
                    + "; it is the largest ratio itself, not an offset from 1");
        }
    }

    /** Without a bound for samples that were worse than expected. */
    public ClippedSurrogate(double epsilonLow, double epsilonHigh, KlPenalty klPenalty, RatioLevel level) {
        this(epsilonLow, epsilonHigh, klPenalty, level, OptionalDouble.empty());
    }

    /** Token ratios and no KL penalty. */
    public ClippedSurrogate(double epsilonLow, double epsilonHigh) {
        this(epsilonLow, epsilonHigh, KlPenalty.NONE, RatioLevel.TOKEN);
    }

    @Override
    public boolean needsReference() {
        return klPenalty.isActive();
    }

    @Override
    public ObjectiveResult evaluate(TokenBatch batch, Normalizer normalizer) {
        klPenalty.check(batch);
        ObjectiveSums sums = new ObjectiveSums(batch);
        ClipCounts counts = new ClipCounts(level);
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
                boolean low = advantage < 0 && ratio < 1 - epsilonLow;
                boolean high = advantage > 0 && ratio > 1 + epsilonHigh;
                double capped = Math.min(ratio, delta.orElse(Double.POSITIVE_INFINITY));
                double within = Math.clamp(ratio, 1 - epsilonLow, 1 + epsilonHigh);
                double used = advantage > 0 ? Math.min(capped, within) : Math.max(capped, within);
                double loss = advantage == 0 ? 0 : -used * advantage;
                double derivative = used == ratio ? ratios.slope(t) * loss : 0; // by this token's log-probability
                if (low) {
                    sums.clippedLow();
                } else if (high) {
                    sums.clippedHigh();
                }
                counts.token(low, high);
                sums.loss(weight * loss * batch.weight(t));
                sums.gradient(t, weight * derivative + sums.kl(t));
            }
            counts.endSequence(batch.length(s));
        }
        return sums.result().withMeasures(counts.measures());
    }
}
