// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io.gguf;

import dev.jacobian.tensor.Shape;
import java.util.List;

/**
 * What a file says of one tensor.
 *
 * @param name its name
 * @param type its element type
 * @param extents its shape, the contiguous extent last (a file has it first)
 * @param begin offset of its first byte in the file
 */
public record GgufTensor(String name, GgufType type, List<Long> extents, long begin) {
    public GgufTensor {
        extents = List.copyOf(extents);
    }

    /** Number of elements. */
    public long elements() {
        return extents.stream().reduce(1L, (a, b) -> a * b);
    }

    /** Size in the file, in bytes. */
    public long bytes() {
        return type.bytes(elements());
    }

    /**
     * The shape as a {@link Shape}.
     *
     * @throws IllegalArgumentException if the tensor has more elements than a Java array can hold
     */
    public Shape shape() {
        if (elements() > Integer.MAX_VALUE) {
            throw new IllegalArgumentException("shape " + extents + " has more elements than a Java array can hold");
        }
        return Shape.of(extents.stream().mapToInt(Long::intValue).toArray());
    }
}
