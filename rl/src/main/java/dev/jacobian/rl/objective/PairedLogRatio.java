// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.objective;

/**
 * Direct preference optimisation (arXiv 2305.18290) of pairs that the policy sampled: the log-ratio of the better completion is to
 * exceed that of the worse one.
 *
 * <pre>
 * h        = Δ_w − Δ_l,   Δ = Σ_t log(π_θ / π_anchor)
 * L        = −log σ(β h)                        {@link Loss#SIGMOID}
 *            (h − 1/(2β))²                      {@link Loss#IPO}: log-ratios of sums, as published (arXiv 2310.12036)
 * dL/dh    = −β σ(−β h),  2 (h − 1/(2β))
 * </pre>
 *
 * <p>Sequences with counted tokens come in twos: the first and second are a pair, the third and fourth the next. The one with the
 * higher advantage is the better one; equal advantages are no preference, and the pair has neither loss nor gradient. A pair weighs as
 * much as its two sequences together: under a sequence mean the loss is the mean over pairs.
 *
 * @param beta strength of the anchor, in reward per nat of a whole completion
 * @param loss what is made of h
 * @param anchor what log-ratios are taken to
 */
public record PairedLogRatio(double beta, Loss loss, Anchor anchor) implements PolicyObjective {
    /** What is made of the difference of two log-ratios. */
    public enum Loss {
        /** DPO: the log-likelihood of the preference. */
        SIGMOID,
        /** IPO: the distance to a margin. */
        IPO
    }

    /** What log-ratios are taken to. */
    public enum Anchor {
        /** The policy that sampled: {@link TokenBatch#oldLogProbs}. It moves with every rollout (iterated DPO). */
        PREVIOUS,
        /** The reference policy: {@link TokenBatch#refLogProbs}. */
        REFERENCE
    }

    /** Checks that β is positive and finite. */
    public PairedLogRatio {
        if (!(beta > 0) || Double.isInfinite(beta)) {
            throw new IllegalArgumentException("beta must be positive and finite, got " + beta);
        }
    }

    @Override
    public boolean needsReference() {
        return anchor == Anchor.REFERENCE;
    }

    @Override
    public ObjectiveResult evaluate(TokenBatch batch, Normalizer normalizer) {
        ObjectiveSums sums = new ObjectiveSums(batch);
        int open = -1; // a sequence whose partner is still to come
        for (int s = 0; s < batch.sequences(); s++) {
            if (batch.length(s) == 0) {
                continue;
            }
            batch.requireOneAdvantage(s, "a preference between sequences");
            if (open < 0) {
                open = s;
                continue;
            }
            int better = advantage(batch, open) >= advantage(batch, s) ? open : s;
            if (advantage(batch, open) != advantage(batch, s)) {
                pair(batch, better, open + s - better, normalizer, sums);
            }
            open = -1;
        }
        if (open >= 0) {
            throw new IllegalArgumentException("preferences need sequences in twos, but sequence " + open
                    + " has no partner; keep two samples of every prompt");
        }
        return sums.result();
    }

    private void pair(TokenBatch batch, int better, int worse, Normalizer normalizer, ObjectiveSums sums) {
        double h = logRatio(batch, better) - logRatio(batch, worse);
        double weight = normalizer.weight(batch.length(better)) + normalizer.weight(batch.length(worse));
        double value;
        double slope;
        switch (loss) {
            case SIGMOID -> {
                value = softplus(-beta * h);
                slope = -beta / (1 + StrictMath.exp(beta * h));
            }
            case IPO -> {
                double distance = h - 1 / (2 * beta);
                value = distance * distance;
                slope = 2 * distance;
            }
            default -> throw new AssertionError(loss);
        }
        sums.loss(weight * value);
        for (int t = batch.start(better); t < batch.end(better); t++) {
            if (batch.mask()[t]) {
                sums.gradient(t, weight * slope);
            }
        }
        for (int t = batch.start(worse); t < batch.end(worse); t++) {
            if (batch.mask()[t]) {
                sums.gradient(t, -weight * slope);
            }
        }
    }

    private static double advantage(TokenBatch batch, int s) {
        for (int t = batch.start(s); t < batch.end(s); t++) {
            if (batch.mask()[t]) {
                return batch.advantages()[t];
            }
        }
        throw new AssertionError("a sequence without counted tokens");
    }

    private double logRatio(TokenBatch batch, int s) {
        float[] anchored = anchor == Anchor.PREVIOUS
                ? batch.oldLogProbs()
                : batch.refLogProbs()
                        .orElseThrow(() -> new IllegalArgumentException(
                                "log-ratios to a reference policy need its log-probabilities, but the batch has none;"
                                        + " score the samples with it, or anchor to the policy that sampled"));
        double sum = 0;
        for (int t = batch.start(s); t < batch.end(s); t++) {
            sum += batch.mask()[t] ? (double) batch.logProbs()[t] - anchored[t] : 0;
        }
        return sum;
    }

    /** log(1 + e^x), without overflow. */
    private static double softplus(double x) {
        return Math.max(x, 0) + StrictMath.log1p(StrictMath.exp(-Math.abs(x)));
    }
}
