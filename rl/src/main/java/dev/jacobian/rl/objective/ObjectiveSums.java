// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.objective;

/**
 * Collects loss, gradient and statistics while an objective walks over a micro-batch.
 *
 * <p>It also has the parts that all objectives share: the ratio's statistics and the KL penalty.
 */
final class ObjectiveSums {
    private final TokenBatch batch;
    private final float[] gradient; // [N]
    private double policyLoss;
    private double klLoss;
    private double kl;
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
     * The KL penalty of token {@code t}.
     *
     * @param weight the weight of the token's loss
     * @return its part of the gradient
     */
    double kl(KlPenalty penalty, int t, double weight) {
        if (penalty.beta() == 0) {
            return 0;
        }
        double d = (double) batch.logProbs()[t] - batch.refLogProbs().orElseThrow()[t];
        klLoss += weight * penalty.beta() * penalty.estimator().value(d);
        return weight * penalty.beta() * penalty.estimator().derivative(d);
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
        return new ObjectiveResult(
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
    }
}
