// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io.safetensors;

import dev.jacobian.tensor.Shape;
import java.util.List;

/**
 * What the header says of one tensor.
 *
 * @param name its name
 * @param type its element type in the file
 * @param extents its shape; extents are longs here because a file may hold what no Java array can
 * @param begin offset of its first byte behind the header
 * @param end offset behind its last byte
 */
public record TensorInfo(String name, StoredType type, List<Long> extents, long begin, long end) {
    /** Size in the file, in bytes. */
    public long bytes() {
        return end - begin;
    }

    /** Number of elements. */
    public long elements() {
        return extents.stream().reduce(1L, (a, b) -> a * b);
    }

    /**
     * The shape as a {@link Shape}.
     *
     * @throws IllegalArgumentException if the tensor has more elements than a Java array can hold
     */
    public Shape shape() {
        int[] out = new int[extents.size()];
        for (int i = 0; i < out.length; i++) {
            long extent = extents.get(i);
            if (extent > Integer.MAX_VALUE) {
                throw new IllegalArgumentException(
                        "tensor '" + name + "' has shape " + extents + ", which no Java array can hold; split it");
            }
            out[i] = (int) extent;
        }
        return Shape.of(out);
    }
}
