// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor;

import java.util.Map;

/**
 * The bytes of the arrays that a {@link Workspace} has made on {@link Device#COUNTED}, in use and waiting: what a real one would
 * hold after the same operations on the CPU.
 *
 * @param arrays bytes by the shape of the tensor that an array was first made for
 * @param pages bytes of caches of keys and values
 */
public record CountedBytes(Map<Shape, Long> arrays, long pages) {
    public CountedBytes {
        arrays = Map.copyOf(arrays);
    }

    /** All of them. */
    public long total() {
        return pages + arrays.values().stream().mapToLong(Long::longValue).sum();
    }
}
