// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.reference;

/**
 * exp in binary32 with the same bits everywhere.
 *
 * <p>The platform's exponentials differ between interpreter, compiler and vector library; this one is fused multiply-adds
 * and integer shifts only, so its vector twin gives identical bits. x = n ln 2 + r with |r| ≤ ln 2 / 2 (ln 2 split in two
 * parts, Cody and Waite), a degree-7 polynomial for exp r (coefficients of the Cephes library's {@code expf}), and the
 * scaling by 2ⁿ in two factors so that results below the smallest normal number are rounded, not lost. Error below 1 ulp
 * in the normal range. exp(−∞) = 0, exp(+∞) = ∞, NaN stays NaN.
 */
public final class Exp {
    public static final float MIN = -104f;
    public static final float MAX = 89f;
    public static final float LOG2_E = 1.44269504088896341f;
    /** 1.5 · 2²³: adding it rounds a float to an integer kept in the low mantissa bits. */
    public static final float ROUNDER = 0x1.8p23f;

    public static final float LN2_HIGH = 0.693359375f;
    public static final float LN2_LOW = -2.12194440e-4f;
    public static final float C7 = 1.9875691500e-4f;
    public static final float C6 = 1.3981999507e-3f;
    public static final float C5 = 8.3334519073e-3f;
    public static final float C4 = 4.1665795894e-2f;
    public static final float C3 = 1.6666665459e-1f;
    public static final float C2 = 5.0000001201e-1f;

    private Exp() {}

    /** e to the power x. */
    public static float exp(float x) {
        float clamped = Math.max(MIN, Math.min(MAX, x));
        float shifted = Math.fma(clamped, LOG2_E, ROUNDER);
        int n = Float.floatToRawIntBits(shifted) - Float.floatToRawIntBits(ROUNDER);
        float whole = shifted - ROUNDER;
        float r = Math.fma(whole, -LN2_HIGH, clamped);
        r = Math.fma(whole, -LN2_LOW, r);
        float p = Math.fma(C7, r, C6);
        p = Math.fma(p, r, C5);
        p = Math.fma(p, r, C4);
        p = Math.fma(p, r, C3);
        p = Math.fma(p, r, C2);
        p = Math.fma(p, r * r, r) + 1f;
        int half = n >> 1;
        return p * power(half) * power(n - half);
    }

    private static float power(int n) {
        return Float.intBitsToFloat((n + 127) << 23);
    }

    /** z / (1 + exp(−z)). */
    public static float silu(float z) {
        return z / (1f + exp(-z));
    }
}
