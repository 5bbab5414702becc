// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor;

/**
 * Conversions between binary32 and the two types of 16 bits. (Those of a single binary16 number are in the JDK: {@link
 * Float#float16ToFloat}.)
 */
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

    /**
     * Widens numbers exactly.
     *
     * @param type BF16 or F16: what the bits mean
     * @param bits the numbers, {@code n} from {@code at} on
     * @param out receives them, from {@code to} on
     */
    public static void widen(DType type, short[] bits, int at, float[] out, int to, int n) {
        // The type is asked once, not for each number: these loops run at the speed of memory.
        if (type == DType.BF16) {
            for (int i = 0; i < n; i++) {
                out[to + i] = bfloat16ToFloat(bits[at + i]);
            }
        } else {
            for (int i = 0; i < n; i++) {
                out[to + i] = Float.float16ToFloat(bits[at + i]);
            }
        }
    }

    /**
     * Rounds numbers to nearest, ties to even.
     *
     * @param type BF16 or F16: what the bits mean
     * @param values the numbers, {@code n} from {@code at} on
     * @param out receives their bits, from {@code to} on
     */
    public static void narrow(DType type, float[] values, int at, short[] out, int to, int n) {
        if (type == DType.BF16) {
            for (int i = 0; i < n; i++) {
                out[to + i] = floatToBfloat16(values[at + i]);
            }
        } else {
            for (int i = 0; i < n; i++) {
                out[to + i] = Float.floatToFloat16(values[at + i]);
            }
        }
    }
}
