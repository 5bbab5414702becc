// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor;

/**
 * What the delta rule reads of each token, or the gradients of that.
 *
 * @param q queries, [N, keyHeads · keyDim]
 * @param k keys, [N, keyHeads · keyDim], usually of length 1
 * @param v values, [N, H · valueDim]
 * @param decay how much of the state is left, [N, H]
 * @param beta how far the state is corrected, [N, H]
 */
public record DeltaInputs(Tensor q, Tensor k, Tensor v, Tensor decay, Tensor beta) {}
