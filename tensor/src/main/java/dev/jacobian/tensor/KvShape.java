// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor;

/**
 * What a layer keeps of a token in a {@link KvCache}.
 *
 * @param heads key heads, and as many value heads
 * @param headDim elements of a head
 */
public record KvShape(int heads, int headDim) {}
