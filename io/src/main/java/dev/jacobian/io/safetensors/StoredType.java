// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io.safetensors;

import dev.jacobian.tensor.DType;
import java.util.Optional;

/**
 * The element types of the safetensors format.
 *
 * <p>Their order is the format's own, by alignment: writers put tensors of later types first.
 */
public enum StoredType {
    BOOL(8),
    F4(4),
    F6_E2M3(6),
    F6_E3M2(6),
    U8(8),
    I8(8),
    F8_E5M2(8),
    F8_E4M3(8),
    F8_E8M0(8),
    F8_E4M3FNUZ(8),
    F8_E5M2FNUZ(8),
    I16(16),
    U16(16),
    F16(16),
    BF16(16),
    I32(32),
    U32(32),
    F32(32),
    C64(64),
    F64(64),
    I64(64),
    U64(64);

    private final int bits;

    StoredType(int bits) {
        this.bits = bits;
    }

    /** Size of one element in bits. Elements of less than a byte are packed. */
    public int bits() {
        return bits;
    }

    /** The type with this name in a header. */
    static Optional<StoredType> named(String name) {
        for (StoredType type : values()) {
            if (type.name().equals(name)) {
                return Optional.of(type);
            }
        }
        return Optional.empty();
    }

    /** The type that a tensor of the given type is stored as. */
    public static StoredType of(DType dtype) {
        return valueOf(dtype.name());
    }
}
