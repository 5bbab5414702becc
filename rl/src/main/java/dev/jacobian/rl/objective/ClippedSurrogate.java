// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.objective;

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
 */
public record ClippedSurrogate(double epsilonLow, double epsilonHigh, KlPenalty klPenalty, RatioLevel level)
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
        for (int s = 0; s < batch.sequences(); s++) {
            int length = batch.length(s);
            double weight = normalizer.weight(length);
            double sum = 0;
            if (level != RatioLevel.TOKEN) {
                batch.requireOneAdvantage(s, "a ratio of sequences");
                sum = logRatioSum(batch, s);
            }
            for (int t = batch.start(s); t < batch.end(s); t++) {
                if (!batch.mask()[t]) {
                    continue;
                }
                double advantage = batch.advantages()[t];
                double logRatio = switch (level) {
                    case TOKEN -> batch.logRatio(t);
                    case SEQUENCE_MEAN -> sum / length;
                    case SEQUENCE_SUM -> sum;
                };
                double ratio = StrictMath.exp(logRatio);
                boolean low = advantage < 0 && ratio < 1 - epsilonLow;
                boolean high = advantage > 0 && ratio > 1 + epsilonHigh;
                double loss = 0;
                double derivative = 0; // of the loss with respect to this token's log-probability
                if (low) {
                    loss = -(1 - epsilonLow) * advantage;
                    sums.clippedLow();
                } else if (high) {
                    loss = -(1 + epsilonHigh) * advantage;
                    sums.clippedHigh();
                } else if (advantage != 0) {
                    loss = -ratio * advantage;
                    // At a sequence level l equal token losses depend on this token: l · ρ/l, or l · ρ.
                    derivative = level == RatioLevel.SEQUENCE_SUM ? length * loss : loss;
                }
                sums.loss(weight * loss);
                sums.gradient(t, weight * derivative + sums.kl(klPenalty, t, weight));
            }
        }
        return sums.result();
    }

    private static double logRatioSum(TokenBatch batch, int s) {
        double sum = 0;
        for (int t = batch.start(s); t < batch.end(s); t++) {
            sum += batch.mask()[t] ? batch.logRatio(t) : 0;
        }
        return sum;
    }
}
