// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor;

/**
 * What attention computes.
 *
 * @param headDim elements of a head
 * @param scale of the scores
 * @param window a key at distance ≥ window is masked; 0 for none
 * @param softCap c of scores c · tanh(s / c), which stay within ±c (Gemma 2); 0 for scores as they are
 */
public record AttentionForm(int headDim, float scale, int window, float softCap) {
    /** Without a cap. */
    public AttentionForm(int headDim, float scale, int window) {
        this(headDim, scale, window, 0f);
    }
}
