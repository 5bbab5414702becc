// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.reference;

import dev.jacobian.tensor.DType;
import dev.jacobian.tensor.HalfFloats;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.tensor.WeightFormat;
import java.util.Arrays;

/**
 * What the {@linkplain WeightFormat weight formats} do to a matrix [K, N], stated as formulas.
 *
 * <p>A block is 32 consecutive k of one column: 32 consecutive inputs of one output, as in GGUF files; the last block is
 * filled up with zeros. The integers and scales are those that llama.cpp writes for the same F32 numbers. All arithmetic is
 * F32, f16(·) rounds to nearest even, and a zero is always +0:
 *
 * <ul>
 *   <li>BF16: rounded to nearest even.
 *   <li>Q8_0: d = max|x| / 127; q = x · (1/d), rounded to the nearest integer, halves away from zero; value = q · f16(d).
 *   <li>Q4_0: d = m / −8, m the number of largest magnitude (the first of equals) with its sign; q = ⌊x · (1/d) + 8.5⌋, at
 *       most 15; value = (q − 8) · f16(d).
 * </ul>
 *
 * <p>1/d counts as 0 where d is 0. An F16 scale times an 8-bit integer has at most 19 significant bits, so every value is
 * exact in F32: unpacking in any order of operations gives the same bits.
 */
public final class ReferenceQuantization {
    /** Numbers per block. */
    public static final int BLOCK = 32;

    private static final float LARGEST_SCALE = 65504f;

    private ReferenceQuantization() {}

    /** The matrix [K, N] as {@code format} holds it, in F32. */
    static Tensor rounded(Tensor b, WeightFormat format) {
        int k = b.extent(0);
        int n = b.extent(1);
        Tensor out = k * n == 0 ? Tensor.zeros(k, n) : b.copy(); // [K, N]
        float[] values = out.floats();
        switch (format) {
            case F32 -> {}
            case BF16 -> {
                for (int i = 0; i < values.length; i++) {
                    values[i] = HalfFloats.bfloat16ToFloat(HalfFloats.floatToBfloat16(values[i]));
                }
            }
            case Q4_K, Q6_K -> throw notMade(format);
            case Q8_0, Q4_0 -> {
                float[] block = new float[BLOCK];
                byte[] q = new byte[BLOCK];
                for (int j = 0; j < n; j++) {
                    for (int p = 0; p < k; p += BLOCK) {
                        readBlock(b, p, j, block);
                        short scale = quantize(format, block, q, p, j);
                        for (int i = 0; i < Math.min(BLOCK, k - p); i++) {
                            values[(p + i) * n + j] = value(format, q[i], scale);
                        }
                    }
                }
            }
        }
        return out;
    }

    /** Refuses a format that numbers are not rounded to. */
    public static IllegalArgumentException notMade(WeightFormat format) {
        return new IllegalArgumentException(
                "nothing is quantized to " + format + " here; it is held of files that have it");
    }

    /** Copies rows [p, p + 32) of column j of an F32, BF16 or F16 matrix, zeros beyond the end. */
    public static void readBlock(Tensor b, int p, int j, float[] block) {
        int count = Math.min(BLOCK, b.extent(0) - p);
        int at = b.offset() + p * b.stride(0) + j * b.stride(1);
        int step = b.stride(0);
        if (step == 1 && b.dtype() == DType.F32) {
            System.arraycopy(b.floats(), at, block, 0, count);
        } else if (step == 1) {
            HalfFloats.widen(b.dtype(), b.shorts(), at, block, 0, count);
        } else {
            for (int i = 0; i < count; i++) {
                if (b.dtype() == DType.F32) {
                    block[i] = b.floats()[at + i * step];
                } else {
                    HalfFloats.widen(b.dtype(), b.shorts(), at + i * step, block, i, 1);
                }
            }
        }
        Arrays.fill(block, count, BLOCK, 0f);
    }

    /**
     * Quantizes one block to the unsigned integers that are stored: q + 128 of Q8_0, q of Q4_0.
     *
     * @param p row of the block's first number, {@code j} its column, for messages
     * @return the F16 scale
     * @throws IllegalArgumentException if a number is NaN or infinite, or too large for an F16 scale
     */
    public static short quantize(WeightFormat format, float[] block, byte[] stored, int p, int j) {
        float extreme = 0f; // of largest magnitude, with its sign
        for (int i = 0; i < BLOCK; i++) {
            if (!Float.isFinite(block[i])) {
                throw new IllegalArgumentException("cannot quantize to " + format + ": element [" + (p + i) + ", " + j
                        + "] is " + block[i] + "; mend the weights, or hold them as BF16 or F32");
            }
            if (Math.abs(block[i]) > Math.abs(extreme)) {
                extreme = block[i];
            }
        }
        boolean wide = format == WeightFormat.Q8_0;
        float d = wide ? Math.abs(extreme) / 127f : extreme / -8f;
        if (Math.abs(d) > LARGEST_SCALE) {
            throw new IllegalArgumentException("cannot quantize to " + format + ": a magnitude of " + Math.abs(extreme)
                    + " in column " + j + " is beyond what an F16 scale can express; hold the weights as BF16 or F32");
        }
        float inverse = d == 0f ? 0f : 1f / d;
        if (Float.isInfinite(inverse)) {
            inverse = 0f; // subnormal numbers, whose scale is 0 in F16 anyhow
        }
        for (int i = 0; i < BLOCK; i++) {
            float x = block[i] * inverse;
            stored[i] =
                    (byte) (wide ? 128 + Math.clamp(roundHalfAway(x), -127, 127) : Math.clamp((int) (x + 8.5f), 0, 15));
        }
        return Float.floatToFloat16(d);
    }

    private static int roundHalfAway(float x) {
        return (int) (Math.abs(x) + 0.5f) * (x < 0 ? -1 : 1);
    }

    /** The number that a stored integer stands for. */
    static float value(WeightFormat format, byte stored, short scale) {
        int q = (stored & 0xFF) - (format == WeightFormat.Q8_0 ? 128 : 8);
        return q * Float.float16ToFloat(scale) + 0f;
    }
}
