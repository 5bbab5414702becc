// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.cpu;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/**
 * The scales of blocks of 256, in lanes: of Q4_K the first 16 bytes of the file's block as four words (the factors of scales and minima,
 * then twelve bytes of 6-bit integers), of Q6_K its factor and the sixteen scales, four to a word.
 *
 * <p>They are widened a block of a panel at a time into what kernels read from the nearest cache; all products are exact.
 */
final class SuperScales {
    /** Words of a block. */
    static final int Q4_WORDS = 4;

    static final int Q6_WORDS = 5;

    /** Groups of a block that share a scale. */
    static final int Q4_GROUPS = 8;

    static final int Q6_GROUPS = 16;

    private static final int L = Lanes.COUNT;
    private static final int W = NarrowPanels.WIDTH;

    /** The exponent of 1: an integer below it in the mantissa is a float without a conversion, as in the kernels. */
    private static final int ONE = 0x3F800000;

    private SuperScales() {}

    // Vectors stay within one method each: one that gives a vector may not be inlined, and then it is an object.

    /**
     * Scales and minima of a block of Q4_K.
     *
     * @param at index of its first word
     * @param out receives the scales times {@link Q4KKernels#UP}, [groups, strips, lanes], and behind them the minima, negative
     */
    static void widenQ4(int[] scales, int at, float[] out) {
        for (int c = 0; c < W; c += L) {
            IntVector factors = IntVector.fromArray(Lanes.INTS, scales, at + c);
            FloatVector d = factors.and(ScalePairs.MAGNITUDE)
                    .lanewise(VectorOperators.LSHL, 13)
                    .reinterpretAsFloats()
                    .mul(ScalePairs.REBIAS * Q4KKernels.UP * 64)
                    .reinterpretAsInts()
                    .or(factors.and(ScalePairs.SIGN).lanewise(VectorOperators.LSHL, 16))
                    .reinterpretAsFloats();
            FloatVector m = factors.lanewise(VectorOperators.LSHR, 16)
                    .and(ScalePairs.MAGNITUDE)
                    .lanewise(VectorOperators.LSHL, 13)
                    .reinterpretAsFloats()
                    .mul(ScalePairs.REBIAS * 64)
                    .reinterpretAsInts()
                    .or(factors.and(ScalePairs.SIGN << 16))
                    .reinterpretAsFloats()
                    .neg();
            for (int i = 0; i < 4; i++) {
                IntVector low = IntVector.fromArray(Lanes.INTS, scales, at + W + c)
                        .lanewise(VectorOperators.LSHR, 8 * i)
                        .and(0xFF);
                IntVector middle = IntVector.fromArray(Lanes.INTS, scales, at + 2 * W + c)
                        .lanewise(VectorOperators.LSHR, 8 * i)
                        .and(0xFF);
                IntVector high = IntVector.fromArray(Lanes.INTS, scales, at + 3 * W + c)
                        .lanewise(VectorOperators.LSHR, 8 * i)
                        .and(0xFF);
                low.and(63)
                        .lanewise(VectorOperators.LSHL, 17)
                        .or(ONE)
                        .reinterpretAsFloats()
                        .sub(1f)
                        .mul(d)
                        .intoArray(out, i * W + c);
                middle.and(63)
                        .lanewise(VectorOperators.LSHL, 17)
                        .or(ONE)
                        .reinterpretAsFloats()
                        .sub(1f)
                        .mul(m)
                        .intoArray(out, (Q4_GROUPS + i) * W + c);
                high.and(15)
                        .or(low.and(0xC0).lanewise(VectorOperators.LSHR, 2))
                        .lanewise(VectorOperators.LSHL, 17)
                        .or(ONE)
                        .reinterpretAsFloats()
                        .sub(1f)
                        .mul(d)
                        .intoArray(out, (4 + i) * W + c);
                high.lanewise(VectorOperators.LSHR, 4)
                        .or(middle.and(0xC0).lanewise(VectorOperators.LSHR, 2))
                        .lanewise(VectorOperators.LSHL, 17)
                        .or(ONE)
                        .reinterpretAsFloats()
                        .sub(1f)
                        .mul(m)
                        .intoArray(out, (Q4_GROUPS + 4 + i) * W + c);
            }
        }
    }

    /**
     * Scales of a block of Q6_K.
     *
     * @param at index of its first word
     * @param out receives the scales times {@link Q6KKernels#UP}, [groups, strips, lanes]
     */
    static void widenQ6(int[] scales, int at, float[] out) {
        for (int c = 0; c < W; c += L) {
            IntVector factor = IntVector.fromArray(Lanes.INTS, scales, at + c);
            FloatVector d = factor.and(ScalePairs.MAGNITUDE)
                    .lanewise(VectorOperators.LSHL, 13)
                    .reinterpretAsFloats()
                    .mul(ScalePairs.REBIAS * 256)
                    .reinterpretAsInts()
                    .or(factor.and(ScalePairs.SIGN).lanewise(VectorOperators.LSHL, 16))
                    .reinterpretAsFloats();
            for (int group = 0; group < Q6_GROUPS; group++) {
                IntVector.fromArray(Lanes.INTS, scales, at + (1 + group / 4) * W + c)
                        .lanewise(VectorOperators.LSHR, group % 4 * 8)
                        .and(0xFF)
                        .lanewise(VectorOperators.XOR, 0x80) // s + 128
                        .lanewise(VectorOperators.LSHL, 15)
                        .or(ONE)
                        .reinterpretAsFloats()
                        .sub(1.5f) // s / 256
                        .mul(d)
                        .mul(Q6KKernels.UP)
                        .intoArray(out, group * W + c);
            }
        }
    }
}
