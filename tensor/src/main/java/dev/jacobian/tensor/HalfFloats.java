// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor;

/** Conversions between bfloat16 and binary32. (binary16 is in the JDK: {@link Float#float16ToFloat}.) */
public final class HalfFloats {
    private HalfFloats() {}

    /** The exact value of a bfloat16 bit pattern. */
    public static float bfloat16ToFloat(short bits) {
        return Float.intBitsToFloat(bits << 16);
    }

    /** The nearest bfloat16, ties to even. NaN stays NaN: rounding its bits could carry into infinity. */
    public static short floatToBfloat16(float value) {
        int bits = Float.floatToRawIntBits(value);
        if (Float.isNaN(value)) {
            return (short) ((bits >>> 16) | 0x40);
        }
        return (short) ((bits + 0x7FFF + ((bits >>> 16) & 1)) >>> 16);
    }
}
