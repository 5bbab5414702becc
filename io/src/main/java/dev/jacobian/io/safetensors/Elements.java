// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io.safetensors;

import dev.jacobian.tensor.DType;
import dev.jacobian.tensor.HalfFloats;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/**
 * The elements of a tensor out of the bytes of its file.
 *
 * <p>Every method reads {@code n} elements from the beginning of {@code bytes} into an array from {@code at} on. The types are
 * asked once for all of them, and the loops do one thing each: they run at the speed of memory.
 */
final class Elements {
    // Tensors begin at any byte offset, so accesses may be unaligned.
    private static final ValueLayout.OfShort SHORTS =
            ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfInt INTS = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfLong LONGS = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfFloat FLOATS =
            ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfDouble DOUBLES =
            ValueLayout.JAVA_DOUBLE_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    /** Numbers of 16 bits that are copied before they are widened: they stay in the nearest cache. */
    private static final int BLOCK = 1 << 12;

    private Elements() {}

    /** F32, BF16 and F16 exactly, F64 rounded to nearest. */
    static void floats(StoredType type, MemorySegment bytes, float[] out, int at, int n) {
        switch (type) {
            case F32 -> MemorySegment.copy(bytes, FLOATS, 0, out, at, n);
            case BF16, F16 -> {
                DType dtype = type == StoredType.BF16 ? DType.BF16 : DType.F16;
                short[] block = new short[Math.min(n, BLOCK)];
                for (int i = 0; i < n; i += BLOCK) {
                    int count = Math.min(BLOCK, n - i);
                    MemorySegment.copy(bytes, SHORTS, (long) i * Short.BYTES, block, 0, count);
                    HalfFloats.widen(dtype, block, 0, out, at + i, count);
                }
            }
            case F64 -> {
                for (int i = 0; i < n; i++) {
                    out[at + i] = (float) bytes.getAtIndex(DOUBLES, i);
                }
            }
            default -> throw new IllegalArgumentException(type + " has no floats");
        }
    }

    /** Patterns of 16 bits as they are. */
    static void shorts(MemorySegment bytes, short[] out, int at, int n) {
        MemorySegment.copy(bytes, SHORTS, 0, out, at, n);
    }

    /** Bytes as they are. */
    static void bytes(MemorySegment bytes, byte[] out, int at, int n) {
        MemorySegment.copy(bytes, ValueLayout.JAVA_BYTE, 0, out, at, n);
    }

    /** Integers of up to 32 bits, and booleans. */
    static void ints(StoredType type, MemorySegment bytes, int[] out, int at, int n) {
        if (type == StoredType.I32) {
            MemorySegment.copy(bytes, INTS, 0, out, at, n);
            return;
        }
        for (int i = 0; i < n; i++) {
            out[at + i] = switch (type) {
                case I8 -> bytes.get(ValueLayout.JAVA_BYTE, i);
                case I16 -> bytes.getAtIndex(SHORTS, i);
                case U16 -> bytes.getAtIndex(SHORTS, i) & 0xFFFF;
                default -> bytes.get(ValueLayout.JAVA_BYTE, i) & 0xFF;
            };
        }
    }

    /**
     * Integers of 32 and 64 bits.
     *
     * @return index in {@code out} of an unsigned one that does not fit, or -1
     */
    static int longs(StoredType type, MemorySegment bytes, long[] out, int at, int n) {
        if (type == StoredType.U32) {
            for (int i = 0; i < n; i++) {
                out[at + i] = bytes.getAtIndex(INTS, i) & 0xFFFFFFFFL;
            }
            return -1;
        }
        MemorySegment.copy(bytes, LONGS, 0, out, at, n);
        for (int i = at; type == StoredType.U64 && i < at + n; i++) {
            if (out[i] < 0) {
                return i;
            }
        }
        return -1;
    }
}
