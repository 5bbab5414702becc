// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.objective;

/**
 * Geometric-mean policy optimisation (GMPO, arXiv 2507.20673): each token's log-ratio is clipped, and the sequence has the geometric mean
 * of what is left as its ratio:
 *
 * <pre>
 * c_t      = min(d_t, ε_high) where A > 0, max(d_t, −ε_low) where A < 0      d_t = log π − log π_old
 * L        = −A exp((1/l) Σ_t c_t)                                         of a sequence
 * dL/dlogp = −(A/l) exp((1/l) Σ_t c_t) of tokens that were not clipped, else 0
 * </pre>
 *
 * <p>An outlier cannot shout: the mean of logarithms is moved by one token as little as by any other. A sequence weighs as its tokens do
 * together, so that {@link Aggregation#sequenceMeanTokenMean} gives the mean over sequences. Advantages of tokens count with their mean
 * and each with its own sign; factors of tokens with their geometric mean.
 *
 * @param epsilonLow how far a log-ratio may fall below 0, in nats; 0.4 in the paper
 * @param epsilonHigh how far it may rise above 0, in nats
 */
public record GeometricMean(double epsilonLow, double epsilonHigh) implements PolicyObjective {
    public GeometricMean {
        if (!(epsilonLow >= 0) || !(epsilonHigh >= 0)) {
            throw new IllegalArgumentException(
                    "bounds of a log-ratio must be at least 0, got " + epsilonLow + " and " + epsilonHigh);
        }
    }

    @Override
    public ObjectiveResult evaluate(TokenBatch batch, Normalizer normalizer) {
        ObjectiveSums sums = new ObjectiveSums(batch);
        for (int s = 0; s < batch.sequences(); s++) {
            int length = batch.length(s);
            if (length == 0) {
                continue;
            }
            double logRatio = 0;
            double advantage = 0;
            double logFactor = 0;
            for (int t = batch.start(s); t < batch.end(s); t++) {
                if (batch.mask()[t]) {
                    logRatio += bounded(batch, t) / length;
                    advantage += batch.advantages()[t] / length;
                    logFactor += StrictMath.log(batch.weight(t)) / length;
                }
            }
            double weight = normalizer.weight(length) * StrictMath.exp(logFactor); // of each of its tokens
            double loss = -advantage * StrictMath.exp(logRatio);
            sums.loss(weight * length * loss);
            for (int t = batch.start(s); t < batch.end(s); t++) {
                if (batch.mask()[t]) {
                    boolean free = bounded(batch, t) == batch.logRatio(t);
                    if (!free && batch.advantages()[t] > 0) {
                        sums.clippedHigh();
                    } else if (!free && batch.advantages()[t] < 0) {
                        sums.clippedLow();
                    }
                    sums.gradient(t, free ? weight * loss : 0);
                }
            }
        }
        return sums.result();
    }

    /** c_t; 0 without an advantage. */
    private double bounded(TokenBatch batch, int t) {
        double advantage = batch.advantages()[t];
        double d = batch.logRatio(t);
        if (advantage == 0) {
            return 0;
        }
        return advantage > 0 ? Math.min(d, epsilonHigh) : Math.max(d, -epsilonLow);
    }
}
