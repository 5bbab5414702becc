// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.cuda.emulation;

import dev.jacobian.tensor.DType;
import dev.jacobian.tensor.HalfFloats;
import dev.jacobian.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** Memory of the emulated device between two guards, aligned as a device's allocator would. */
public final class EmulatedMemory {
    private static final int GUARD = 256;
    private static final byte GUARD_BYTE = (byte) 0xC5;

    private final MemorySegment whole;
    private final MemorySegment inside;
    private final DType type;
    private final int elements;

    EmulatedMemory(Arena arena, DType type, int elements) {
        long bytes = (long) elements * type.bytes();
        this.whole = arena.allocate(bytes + 2 * GUARD, 256).fill(GUARD_BYTE);
        this.inside = whole.asSlice(GUARD, bytes).fill((byte) 0xFF);
        this.type = type;
        this.elements = elements;
    }

    /** What a kernel gets. */
    public MemorySegment segment() {
        return inside;
    }

    public DType type() {
        return type;
    }

    void write(Tensor x) {
        float[] values = x.toFloatArray();
        for (int i = 0; i < elements; i++) {
            switch (type) {
                case F32 -> inside.setAtIndex(ValueLayout.JAVA_FLOAT, i, values[i]);
                case BF16 -> inside.setAtIndex(ValueLayout.JAVA_SHORT, i, HalfFloats.floatToBfloat16(values[i]));
                case F16 -> inside.setAtIndex(ValueLayout.JAVA_SHORT, i, Float.floatToFloat16(values[i]));
                default -> throw new IllegalStateException("not floating-point: " + type);
            }
        }
    }

    /** The contents in F32. */
    public Tensor read(int... extents) {
        float[] values = new float[elements];
        for (int i = 0; i < elements; i++) {
            values[i] = switch (type) {
                case F32 -> inside.getAtIndex(ValueLayout.JAVA_FLOAT, i);
                case BF16 -> HalfFloats.bfloat16ToFloat(inside.getAtIndex(ValueLayout.JAVA_SHORT, i));
                case F16 -> Float.float16ToFloat(inside.getAtIndex(ValueLayout.JAVA_SHORT, i));
                default -> throw new IllegalStateException("not floating-point: " + type);
            };
        }
        return Tensor.of(values, extents);
    }

    public int[] readInts() {
        return inside.toArray(ValueLayout.JAVA_INT);
    }

    public double[] readDoubles() {
        return inside.toArray(ValueLayout.JAVA_DOUBLE);
    }

    public void checkGuards(String kernel) {
        for (int i = 0; i < GUARD; i++) {
            if (whole.get(ValueLayout.JAVA_BYTE, i) != GUARD_BYTE
                    || whole.get(ValueLayout.JAVA_BYTE, whole.byteSize() - 1 - i) != GUARD_BYTE) {
                throw new AssertionError(kernel + " wrote outside a tensor of " + elements + " elements of " + type);
            }
        }
    }
}
