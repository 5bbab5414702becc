// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor;

/**
 * What attention computes.
 *
 * @param headDim elements of a head
 * @param scale of the scores
 * @param window a key at distance ≥ window is masked; 0 for none
 */
public record AttentionForm(int headDim, float scale, int window) {}
