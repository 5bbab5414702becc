// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.objective;

/**
 * The loss of a value model: half the squared distance to the returns, clipped as PPO's implementations have it.
 *
 * <pre>
 * L_t   = ½ max( (V − R)², (clip(V, V_old − c, V_old + c) − R)² )
 * dL/dV = V − R, or 0 where the clipped square is the larger one
 * </pre>
 *
 * <p>The larger square is taken, so clipping removes the gradient of values that have already gone far, and never makes the loss
 * look smaller.
 *
 * @param clipRange c, in units of reward; infinite for none
 */
public record ValueLoss(double clipRange) {
    /** The plain square. */
    public static final ValueLoss UNCLIPPED = new ValueLoss(Double.POSITIVE_INFINITY);

    /** Checks the range. */
    public ValueLoss {
        if (!(clipRange > 0)) {
            throw new IllegalArgumentException("cliprange_value must be positive, got " + clipRange);
        }
    }

    /**
     * The loss of a micro-batch.
     *
     * @param loss this micro-batch's share of the step's
     * @param gradient [N] dloss/dV of each token; 0 where it does not count
     * @param clipped tokens whose gradient the clip removed
     */
    public record Result(double loss, float[] gradient, long clipped) {}

    /**
     * The loss and its derivative.
     *
     * @param values [N] V of each token
     * @param old [N] V when the returns were made
     * @param returns [N] R
     * @param sequenceOffsets [S + 1] sequence s owns tokens {@code [offsets[s], offsets[s + 1])}
     * @param mask [N] whether a token counts
     * @param normalizer of the whole optimizer step
     */
    public Result evaluate(
            float[] values,
            float[] old,
            double[] returns,
            int[] sequenceOffsets,
            boolean[] mask,
            Normalizer normalizer) {
        float[] gradient = new float[values.length];
        double loss = 0;
        long clipped = 0;
        for (int s = 0; s + 1 < sequenceOffsets.length; s++) {
            int length = 0;
            for (int t = sequenceOffsets[s]; t < sequenceOffsets[s + 1]; t++) {
                length += mask[t] ? 1 : 0;
            }
            double weight = normalizer.weight(length);
            for (int t = sequenceOffsets[s]; t < sequenceOffsets[s + 1]; t++) {
                if (!mask[t]) {
                    continue;
                }
                double error = values[t] - returns[t];
                double near = Math.clamp((double) values[t], old[t] - clipRange, old[t] + clipRange) - returns[t];
                boolean cut = near * near > error * error;
                clipped += cut ? 1 : 0;
                loss += weight / 2 * (cut ? near * near : error * error);
                gradient[t] = cut ? 0 : (float) (weight * error);
            }
        }
        return new Result(loss, gradient, clipped);
    }
}
