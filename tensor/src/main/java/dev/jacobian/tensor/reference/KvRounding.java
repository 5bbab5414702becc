// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.reference;

/**
 * What an 8-bit cache does to keys and values, stated as formulas.
 *
 * <p>A block is up to 32 neighbouring numbers of one head of one token; a head's last block may be shorter. All arithmetic is F32: d =
 * max|x| / 127; q = x · (1/d), rounded to the nearest integer, halves away from zero; value = q · d, rounded once. 1/d counts as 0
 * where it would be infinite. Unlike in weights the scale stays F32, because keys may be of any magnitude.
 *
 * <p>A number that is NaN or infinite makes its whole block NaN, so that it is not lost.
 */
public final class KvRounding {
    /** Numbers that share a scale. */
    public static final int BLOCK = 32;

    private KvRounding() {}

    /** Scales of a head of so many elements. */
    public static int blocks(int headDim) {
        return Math.ceilDiv(headDim, BLOCK);
    }

    /** The scale d of n numbers. */
    static float scale(float[] x, int at, int n) {
        float largest = 0f;
        for (int i = at; i < at + n; i++) {
            largest = Math.max(largest, Math.abs(x[i])); // NaN if one is
        }
        return largest / 127f;
    }

    /** What numbers are multiplied by before they are rounded. */
    static float inverse(float scale) {
        float inverse = scale == 0f ? 0f : 1f / scale;
        return Float.isInfinite(inverse) ? 0f : inverse;
    }

    /** The integer q of a number, within ±127. */
    static int code(float x, float inverse) {
        float scaled = x * inverse;
        int magnitude = Math.min(127, (int) (Math.abs(scaled) + 0.5f)); // 0 of NaN
        return scaled < 0 ? -magnitude : magnitude;
    }

    /** The number that an integer stands for. */
    static float value(int code, float scale) {
        return code * scale;
    }
}
