// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.objective;

import java.util.Map;

/**
 * Collects loss, gradient and statistics while an objective walks over a micro-batch.
 *
 * <p>It also has the parts that all objectives share: the ratio's statistics and the KL penalty.
 */
final class ObjectiveSums {
    private final TokenBatch batch;
    private final float[] gradient; // [N]
    private final double[] klGradient; // [N]
    private double policyLoss;
    private double klLoss;
    private double kl;
    private boolean corrected;
    private double correctedKl;
    private double oldKl;
    private long tokens;
    private long clippedLow;
    private long clippedHigh;
    private double ratioSum;
    private double ratioMin = Double.POSITIVE_INFINITY;
    private double ratioMax = Double.NEGATIVE_INFINITY;
    private double absDeltaSum;
    private double absDeltaMax;
    private long deltaAgrees;
    private long deltaCompared;

    ObjectiveSums(TokenBatch batch) {
        this.batch = batch;
        this.gradient = new float[batch.tokens()];
        this.klGradient = new double[batch.tokens()];
    }

    /** Adds a share of the loss. */
    void loss(double share) {
        policyLoss += share;
    }

    /** Sets the gradient of token {@code t}, KL penalty included: the one rounding to float. */
    void gradient(int t, double value) {
        gradient[t] = (float) value;
    }

    void clippedLow() {
        clippedLow++;
    }

    void clippedHigh() {
        clippedHigh++;
    }

    /**
     * The KL penalty of token {@code t}, by the token's own ratio where it is corrected.
     *
     * @param weight the weight of the token's loss
     * @return its part of the gradient
     */
    double kl(KlPenalty penalty, int t, double weight) {
        if (penalty.beta() == 0) {
            return 0;
        }
        double value = penalty.estimator().value(distance(t));
        double ratio = penalty.corrected() ? StrictMath.exp(batch.logRatio(t)) : 1;
        double through = penalty.corrected() ? ratio * value : 0; // by way of the ratio
        return kl(penalty, t, weight, value, ratio, through);
    }

    /** The KL penalties of a sequence, by its ratios where they are corrected; then {@link #kl(int)} is each token's part of the gradient. */
    void kl(KlPenalty penalty, int s, double weight, Ratios ratios) {
        if (penalty.beta() == 0) {
            return;
        }
        double sum = 0;
        for (int t = batch.start(s); penalty.corrected() && ratios.isOfSequence() && t < batch.end(s); t++) {
            sum += batch.mask()[t] ? penalty.estimator().value(distance(t)) : 0;
        }
        for (int t = batch.start(s); t < batch.end(s); t++) {
            if (batch.mask()[t]) {
                double value = penalty.estimator().value(distance(t));
                double ratio = penalty.corrected() ? ratios.at(t) : 1;
                double through = penalty.corrected() ? ratio * ratios.spread(value, sum) : 0;
                klGradient[t] = kl(penalty, t, weight, value, ratio, through);
            }
        }
    }

    /** What the KL penalty of token {@code t}'s sequence adds to its gradient. */
    double kl(int t) {
        return klGradient[t];
    }

    private double kl(KlPenalty penalty, int t, double weight, double value, double ratio, double through) {
        klLoss += weight * penalty.beta() * value * ratio;
        corrected |= penalty.corrected();
        correctedKl += value * ratio;
        return weight * penalty.beta() * (penalty.estimator().derivative(distance(t)) * ratio + through);
    }

    private double distance(int t) {
        return (double) batch.logProbs()[t] - batch.refLogProbs().orElseThrow()[t];
    }

    /** The statistics that need no objective. */
    private void observe() {
        for (int s = 0; s < batch.sequences(); s++) {
            double delta = 0;
            double advantage = 0;
            for (int t = batch.start(s); t < batch.end(s); t++) {
                if (!batch.mask()[t]) {
                    continue;
                }
                double d = batch.logRatio(t);
                double ratio = StrictMath.exp(d);
                delta += d;
                advantage += batch.advantages()[t];
                tokens++;
                ratioSum += ratio;
                ratioMin = Math.min(ratioMin, ratio);
                ratioMax = Math.max(ratioMax, ratio);
                oldKl += KlEstimator.K3.value(-d);
                if (batch.refLogProbs().isPresent()) {
                    kl += KlEstimator.K3.value(
                            (double) batch.logProbs()[t] - batch.refLogProbs().get()[t]);
                }
            }
            absDeltaSum += Math.abs(delta);
            absDeltaMax = Math.max(absDeltaMax, Math.abs(delta));
            double sign = Math.signum(delta) * Math.signum(advantage);
            deltaCompared += sign != 0 ? 1 : 0;
            deltaAgrees += sign > 0 ? 1 : 0;
        }
    }

    ObjectiveResult result() {
        observe();
        ObjectiveResult result = new ObjectiveResult(
                policyLoss + klLoss,
                gradient,
                new ObjectiveStatistics(
                        batch.sequences(),
                        tokens,
                        policyLoss,
                        klLoss,
                        kl,
                        oldKl,
                        clippedLow,
                        clippedHigh,
                        ratioSum,
                        ratioMin,
                        ratioMax,
                        absDeltaSum,
                        absDeltaMax,
                        deltaAgrees,
                        deltaCompared));
        return corrected ? result.withMeasures(Map.of("kl", new Quotient(correctedKl, (double) tokens))) : result;
    }
}
