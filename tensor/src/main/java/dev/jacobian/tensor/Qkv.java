// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor;

/**
 * Queries, keys and values of a batch, or their gradients.
 *
 * @param q [N, H · headDim]
 * @param k [N, kvHeads · headDim], {@code v} likewise
 */
public record Qkv(Tensor q, Tensor k, Tensor v) {}
