// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io;

import dev.jacobian.tensor.DType;

/** The first number among weights that is NaN or infinite. */
public final class NonFinite {
    /** What is found where all are finite. */
    public static final int NONE = Integer.MAX_VALUE;

    private static final int F32_EXPONENT = 0x7F800000;
    private static final int BF16_EXPONENT = 0x7F80;
    private static final int F16_EXPONENT = 0x7C00;

    private NonFinite() {}

    /** Its index among n numbers. */
    public static int first(float[] values, int at, int n) {
        // Whether there is one at all is a maximum, which the JIT turns into vector instructions; then it is looked
        // for.
        int most = 0;
        for (int i = at; i < at + n; i++) {
            most = Math.max(most, Float.floatToRawIntBits(values[i]) & F32_EXPONENT);
        }
        if (most < F32_EXPONENT) {
            return NONE;
        }
        int i = at;
        while (Float.isFinite(values[i])) {
            i++;
        }
        return i;
    }

    /** Its index among n numbers of BF16 or F16. */
    public static int first(DType type, short[] values, int at, int n) {
        int exponent = type == DType.BF16 ? BF16_EXPONENT : F16_EXPONENT;
        int most = 0;
        for (int i = at; i < at + n; i++) {
            most = Math.max(most, values[i] & exponent);
        }
        if (most < exponent) {
            return NONE;
        }
        int i = at;
        while ((values[i] & exponent) != exponent) {
            i++;
        }
        return i;
    }
}
