// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor;

/**
 * Keys and values of every token, in pages that sequences with a common beginning share.
 *
 * @param heads key heads, and as many value heads
 * @param headDim elements of a head
 */
public record KvShape(int heads, int headDim) implements CacheSpec {
    @Override
    public long numbers(long tokens) {
        return 2L * heads * headDim * tokens;
    }
}
