// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor;

/** The softmax over the vocabulary, the log-probabilities of given tokens, and their gradient. */
public interface SoftmaxKernels {
    /**
     * Per row, with z = logits · inverseTemperature, m = max z, e = exp(z − m), l = fixed sum of e: the log-probability
     * (z_target − m) − log l, and the entropy log l − (fixed sum of e·(z − m)) / l in nats.
     *
     * @param logits [R, V]
     * @param targets [R]
     * @param logProbs [R]
     * @param entropy [R], or null when not needed
     * @param stats [R, 2], receives m and l
     */
    void logProbs(
            Tensor logits,
            float inverseTemperature,
            int[] targets,
            Tensor logProbs,
            @Nullable Tensor entropy,
            Tensor stats);

    /**
     * Gradient of {@link #logProbs}, written over the logits: {@code logits = (1[v = target] − e/l) · dLogProb ·
     * inverseTemperature}.
     *
     * @param logits [R, V], read and overwritten
     * @param dLogProbs [R]
     * @param stats [R, 2] as {@link #logProbs} left it
     */
    void logProbsBackward(Tensor logits, float inverseTemperature, int[] targets, Tensor dLogProbs, Tensor stats);

    /**
     * Per row {@code out = e · (1/l)}, e and l as in {@link #logProbs}: the distribution that sampling draws from.
     *
     * @param logits [R, V]
     * @param out [R, V]; may be {@code logits}
     */
    void softmax(Tensor logits, float inverseTemperature, Tensor out);
}
