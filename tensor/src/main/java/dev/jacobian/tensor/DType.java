// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor;

/**
 * Element types of a {@link Tensor}.
 *
 * <p>Arithmetic on the CPU is always {@link #F32}; the 16-bit floating types exist to hold and to write weights, the
 * integer types to hold ids.
 */
public enum DType {
    /** IEEE 754 binary32, held in a {@code float[]}. */
    F32(4),
    /** bfloat16: the upper half of a binary32, held in a {@code short[]}. */
    BF16(2),
    /** IEEE 754 binary16, held in a {@code short[]}. */
    F16(2),
    /** Signed 8-bit integer, held in a {@code byte[]}. */
    I8(1),
    /** Signed 32-bit integer, held in an {@code int[]}. */
    I32(4),
    /** Signed 64-bit integer, held in a {@code long[]}. */
    I64(8);

    private final int bytes;

    DType(int bytes) {
        this.bytes = bytes;
    }

    /** Size of one element in bytes. */
    public int bytes() {
        return bytes;
    }

    /** Whether elements are floating-point numbers. */
    public boolean isFloatingPoint() {
        return this == F32 || this == BF16 || this == F16;
    }
}
