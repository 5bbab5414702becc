// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.reference;

import dev.jacobian.tensor.QuantizedMatrix;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.tensor.WeightFormat;

/**
 * What the bytes of a {@link QuantizedMatrix} stand for, number by number. d and m are F16, all arithmetic is F32:
 *
 * <ul>
 *   <li>Q8_0, 34 bytes for 32 numbers: d, 32 signed bytes q; value = q · d.
 *   <li>Q4_0, 18 bytes for 32: d, 16 bytes whose low halves are numbers 0 to 15 and high halves 16 to 31; value = (q − 8) · d.
 *   <li>Q4_K, 144 bytes for 256: d, m, 12 bytes with a scale s and a minimum t of 6 bits for each 32 numbers, 128 bytes of which 32
 *       hold 64 numbers, the low halves first; value = d · s · q − m · t.
 *   <li>Q6_K, 210 bytes for 256: 128 bytes of low halves, 64 bytes of upper pairs of bits, 16 signed scales s, d; value = d · s · (q − 32).
 * </ul>
 *
 * <p>d · s and m · t have at most 17 significant bits and d · s · q at most 23: all products are exact, and only the difference of Q4_K is
 * rounded, once. A zero is +0, but for a difference of zeros, which keeps the sign that F32 gives it.
 */
public final class ReferenceBlocks {
    private ReferenceBlocks() {}

    /** The number {@code i} of the block that begins at a byte. */
    public static float value(WeightFormat format, byte[] in, int at, int i) {
        return switch (format) {
            case Q8_0 -> in[at + 2 + i] * half(in, at) + 0f;
            case Q4_0 -> ((in[at + 2 + i % 16] >> i / 16 * 4 & 0xF) - 8) * half(in, at) + 0f;
            case Q4_K -> {
                int group = i / 32;
                int q = in[at + 16 + i / 64 * 32 + i % 32] >> group % 2 * 4 & 0xF;
                float scale = half(in, at) * scale(in, at + 4, group);
                yield scale * q - half(in, at + 2) * minimum(in, at + 4, group);
            }
            case Q6_K -> half(in, at + 208) * in[at + 192 + i / 16] * (sixBits(in, at, i) - 32) + 0f;
            case F32, BF16 -> throw new IllegalArgumentException(format + " has no blocks");
        };
    }

    /** Eight scales of Q4_K: four whole in the low 6 bits of a byte, four whose upper two bits lie above those of the first four. */
    static int scale(byte[] in, int at, int group) {
        return group < 4 ? in[at + group] & 63 : in[at + group + 4] & 0xF | (in[at + group - 4] >> 6 & 3) << 4;
    }

    /** The minimum of a group, likewise. */
    static int minimum(byte[] in, int at, int group) {
        return group < 4 ? in[at + group + 4] & 63 : in[at + group + 4] >> 4 & 0xF | (in[at + group] >> 6 & 3) << 4;
    }

    /** The integer of 0 to 63 of a number of Q6_K: of each half of 128, four layers of 32. */
    public static int sixBits(byte[] in, int at, int i) {
        int half = i / 128;
        int layer = i % 128 / 32;
        int low = in[at + 64 * half + layer % 2 * 32 + i % 32] >> layer / 2 * 4 & 0xF;
        int high = in[at + 128 + 32 * half + i % 32] >> 2 * layer & 3;
        return low | high << 4;
    }

    /** The F16 at a byte, as a float. */
    private static float half(byte[] in, int at) {
        return Float.float16ToFloat(bits(in, at));
    }

    /** The 16 bits at a byte. */
    public static short bits(byte[] in, int at) {
        return (short) (in[at] & 0xFF | in[at + 1] << 8);
    }

    /** The transpose [K, M] of a matrix, in F32. */
    static Tensor transposed(QuantizedMatrix matrix) {
        Tensor out = Tensor.zeros(matrix.columns(), matrix.rows()); // [K, M]
        for (int row = 0; row < matrix.rows(); row++) {
            for (int column = 0; column < matrix.columns(); column++) {
                out.floats()[column * matrix.rows() + row] = value(
                        matrix.format(),
                        matrix.blocks(),
                        matrix.blockAt(row, column),
                        column % matrix.format().block());
            }
        }
        return out;
    }
}
