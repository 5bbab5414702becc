// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.objective;

/**
 * Leaves out tokens or sequences on which the policy that learns and the one that sampled disagree: factors of 1 and 0, by a divergence that is
 * estimated from log π_old and log π_rollout.
 *
 * <p>{@code between(TOKEN, …)} is a mask of single tokens (IcePop without its weights), {@code between(MEAN, …)} one of geometric means
 * (the sequence mask of OpenRLHF), {@code between(SUM, …)} one of whole sequences' ratios.
 *
 * @param divergence how a token's disagreement is estimated, with d = log π_rollout − log π_old
 * @param over what is judged
 * @param low the smallest divergence that is kept
 * @param high the largest divergence that is kept
 */
public record RejectionMask(KlEstimator divergence, Over over, double low, double high) implements TokenWeighting {
    /** What is judged: a token by itself, or a sequence by its tokens. */
    public enum Over {
        /** Each token. */
        TOKEN,
        /** The sum over a sequence. */
        SUM,
        /** The mean over a sequence. */
        MEAN,
        /** The largest of a sequence. */
        MAX
    }

    public RejectionMask {
        if (!(low <= high)) {
            throw new IllegalArgumentException(
                    "the bounds of a divergence are in the wrong order: " + low + ", " + high);
        }
    }

    /** Keeps what diverges by at most so much. */
    public static RejectionMask upTo(KlEstimator divergence, Over over, double high) {
        return new RejectionMask(divergence, over, Double.NEGATIVE_INFINITY, high);
    }

    /**
     * Keeps what has its ratio π_rollout/π_old, product or geometric mean within bounds.
     *
     * @param low the smallest ratio, positive
     * @param high the largest ratio
     */
    public static RejectionMask between(Over over, double low, double high) {
        return new RejectionMask(KlEstimator.K1, over, StrictMath.log(low), StrictMath.log(high));
    }

    @Override
    public double[] weights(TokenBatch batch) {
        double[] weights = new double[batch.tokens()];
        for (int s = 0; s < batch.sequences(); s++) {
            double judged = sequence(batch, s);
            for (int t = batch.start(s); t < batch.end(s); t++) {
                double divergence = over == Over.TOKEN ? of(batch, t) : judged;
                weights[t] = divergence >= low && divergence <= high ? 1 : 0;
            }
        }
        return weights;
    }

    @Override
    public boolean readsRollout() {
        return true;
    }

    private double of(TokenBatch batch, int token) {
        return divergence.value(-batch.rolloutLogRatio(token));
    }

    private double sequence(TokenBatch batch, int s) {
        double sum = 0;
        double max = Double.NEGATIVE_INFINITY;
        for (int t = batch.start(s); t < batch.end(s); t++) {
            if (batch.mask()[t]) {
                sum += of(batch, t);
                max = Math.max(max, of(batch, t));
            }
        }
        return switch (over) {
            case TOKEN -> Double.NaN;
            case SUM -> sum;
            case MEAN -> sum / Math.max(1, batch.length(s));
            case MAX -> max;
        };
    }
}
