// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.objective;

/**
 * What an objective measured on the way, as sums and extremes that {@link #plus add up} over micro-batches. Means are
 * over counted tokens, or over sequences where that is said; a mean over nothing is 0.
 *
 * @param sequences sequences, with or without counted tokens
 * @param tokens counted tokens
 * @param policyLoss the loss without its KL term
 * @param klLoss the loss of the KL term, its coefficient included
 * @param kl sum over tokens of the k3 estimate against the reference policy; 0 without one
 * @param oldKl sum over tokens of the k3 estimate KL(π_old ‖ π_θ): how far the policy moved since it sampled
 * @param clippedLow tokens whose ratio fell below the clip range while the advantage is negative (no gradient)
 * @param clippedHigh tokens whose ratio rose above the clip range while the advantage is positive (no gradient), or
 *     above the cap of {@link CappedImportance} (capped gradient)
 * @param ratioSum sum over tokens of the ratio π_θ/π_old
 * @param ratioMin the smallest ratio; positive infinity without tokens
 * @param ratioMax the largest ratio; negative infinity without tokens
 * @param absDeltaSum sum over sequences of |Δ|, Δ = Σ_t log(π_θ/π_old)
 * @param absDeltaMax the largest |Δ| of a sequence, in nats
 * @param deltaAgrees sequences with A ≠ 0 whose Δ has the sign of A, the sum of its tokens' advantages
 * @param deltaCompared sequences with A ≠ 0 and Δ ≠ 0
 */
public record ObjectiveStatistics(
        long sequences,
        long tokens,
        double policyLoss,
        double klLoss,
        double kl,
        double oldKl,
        long clippedLow,
        long clippedHigh,
        double ratioSum,
        double ratioMin,
        double ratioMax,
        double absDeltaSum,
        double absDeltaMax,
        long deltaAgrees,
        long deltaCompared) {

    /** The statistics of no tokens at all: what a sum starts from. */
    public static final ObjectiveStatistics EMPTY = new ObjectiveStatistics(
            0, 0, 0, 0, 0, 0, 0, 0, 0, Double.POSITIVE_INFINITY, Double.NEGATIVE_INFINITY, 0, 0, 0, 0);

    /** The statistics of both micro-batches together. */
    public ObjectiveStatistics plus(ObjectiveStatistics other) {
        return new ObjectiveStatistics(
                sequences + other.sequences,
                tokens + other.tokens,
                policyLoss + other.policyLoss,
                klLoss + other.klLoss,
                kl + other.kl,
                oldKl + other.oldKl,
                clippedLow + other.clippedLow,
                clippedHigh + other.clippedHigh,
                ratioSum + other.ratioSum,
                Math.min(ratioMin, other.ratioMin),
                Math.max(ratioMax, other.ratioMax),
                absDeltaSum + other.absDeltaSum,
                Math.max(absDeltaMax, other.absDeltaMax),
                deltaAgrees + other.deltaAgrees,
                deltaCompared + other.deltaCompared);
    }

    /** TRL's {@code clip_ratio/low_mean}: the share of tokens clipped from below. */
    public double clipRatioLow() {
        return perToken((double) clippedLow);
    }

    /** TRL's {@code clip_ratio/high_mean}: the share of tokens clipped from above. */
    public double clipRatioHigh() {
        return perToken((double) clippedHigh);
    }

    /** TRL's {@code clip_ratio/region_mean}: the share of tokens clipped at all. */
    public double clipRatioRegion() {
        return perToken((double) (clippedLow + clippedHigh));
    }

    /** The mean k3 estimate of KL(π_θ ‖ π_ref) per token, in nats; 0 without a reference policy. */
    public double klMean() {
        return perToken(kl);
    }

    /** The mean k3 estimate of KL(π_old ‖ π_θ) per token, in nats; exactly 0 on-policy. */
    public double oldKlMean() {
        return perToken(oldKl);
    }

    /** The mean ratio π_θ/π_old per token; exactly 1 on-policy. */
    public double ratioMean() {
        return perToken(ratioSum);
    }

    /** The mean |Δ| of a sequence, in nats. */
    public double absDeltaMean() {
        return sequences == 0 ? 0 : absDeltaSum / sequences;
    }

    /** Among sequences with A ≠ 0 and Δ ≠ 0, the share in which both have one sign; 0 without such sequences. */
    public double deltaAgreement() {
        return deltaCompared == 0 ? 0 : (double) deltaAgrees / deltaCompared;
    }

    private double perToken(double sum) {
        return tokens == 0 ? 0 : sum / tokens;
    }
}
