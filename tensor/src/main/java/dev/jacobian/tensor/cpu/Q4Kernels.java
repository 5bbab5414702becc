// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.cpu;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/**
 * Products with one row, and widening, of {@linkplain NarrowPanels panels} of Q4_0.
 *
 * <p>An integer q of 0 to 15 becomes a float without a conversion: put into bits 19 to 22 under the exponent of 1 it is the
 * float 1 + q / 16, and (q − 8) · d = (1 + q / 16) · 16d − 24d is one fused multiply-add, exact because 16d, 24d and the
 * result are.
 *
 * <p>The vectors that live from one block to the next are as few as can be: C2 boxes one of a second set of four.
 */
final class Q4Kernels {
    private static final int L = Lanes.COUNT;
    private static final int W = NarrowPanels.WIDTH;

    /** Where in a word the integer is brought: inside the mantissa. */
    private static final int FIELD = 0x780000;

    /** The exponent of 1. */
    private static final int ONE = 0x3F800000;

    /** How much of the scale a unit of the float stands for. */
    static final float UP = 16f;

    /** What is taken off, as a multiple of UP times the scale. */
    private static final float DOWN = -1.5f;

    private Q4Kernels() {}

    /**
     * One row times one panel.
     *
     * @param k steps, a multiple of 32
     * @param load whether the chains continue from {@code out} or start from 0
     */
    static void row(
            int k,
            float[] x,
            int xAt,
            int[] words,
            int wordsAt,
            int[] scales,
            int scalesAt,
            float[] out,
            int outAt,
            boolean load) {
        FloatVector c0 = FloatVector.zero(Lanes.FLOATS);
        FloatVector c1 = FloatVector.zero(Lanes.FLOATS);
        FloatVector c2 = FloatVector.zero(Lanes.FLOATS);
        FloatVector c3 = FloatVector.zero(Lanes.FLOATS);
        if (load) {
            c0 = FloatVector.fromArray(Lanes.FLOATS, out, outAt);
            c1 = FloatVector.fromArray(Lanes.FLOATS, out, outAt + L);
            c2 = FloatVector.fromArray(Lanes.FLOATS, out, outAt + 2 * L);
            c3 = FloatVector.fromArray(Lanes.FLOATS, out, outAt + 3 * L);
        }
        FloatVector up0 = FloatVector.zero(Lanes.FLOATS);
        FloatVector up1 = FloatVector.zero(Lanes.FLOATS);
        FloatVector up2 = FloatVector.zero(Lanes.FLOATS);
        FloatVector up3 = FloatVector.zero(Lanes.FLOATS);
        for (int g = 0; g < k / 8; g++) {
            if ((g & 3) == 0) {
                // As ScalePairs does it. Here and not there, because the weights' stream must not wait for the scales,
                // and a
                // method that gives a vector may not be inlined.
                int from = scalesAt + g / 8 * W;
                int half = g / 4 % 2 * 16;
                IntVector s0 = IntVector.fromArray(Lanes.INTS, scales, from).lanewise(VectorOperators.LSHR, half);
                up0 = s0.and(ScalePairs.MAGNITUDE)
                        .lanewise(VectorOperators.LSHL, 13)
                        .reinterpretAsFloats()
                        .mul(ScalePairs.REBIAS * UP)
                        .reinterpretAsInts()
                        .or(s0.and(ScalePairs.SIGN).lanewise(VectorOperators.LSHL, 16))
                        .reinterpretAsFloats();
                IntVector s1 = IntVector.fromArray(Lanes.INTS, scales, from + L).lanewise(VectorOperators.LSHR, half);
                up1 = s1.and(ScalePairs.MAGNITUDE)
                        .lanewise(VectorOperators.LSHL, 13)
                        .reinterpretAsFloats()
                        .mul(ScalePairs.REBIAS * UP)
                        .reinterpretAsInts()
                        .or(s1.and(ScalePairs.SIGN).lanewise(VectorOperators.LSHL, 16))
                        .reinterpretAsFloats();
                IntVector s2 =
                        IntVector.fromArray(Lanes.INTS, scales, from + 2 * L).lanewise(VectorOperators.LSHR, half);
                up2 = s2.and(ScalePairs.MAGNITUDE)
                        .lanewise(VectorOperators.LSHL, 13)
                        .reinterpretAsFloats()
                        .mul(ScalePairs.REBIAS * UP)
                        .reinterpretAsInts()
                        .or(s2.and(ScalePairs.SIGN).lanewise(VectorOperators.LSHL, 16))
                        .reinterpretAsFloats();
                IntVector s3 =
                        IntVector.fromArray(Lanes.INTS, scales, from + 3 * L).lanewise(VectorOperators.LSHR, half);
                up3 = s3.and(ScalePairs.MAGNITUDE)
                        .lanewise(VectorOperators.LSHL, 13)
                        .reinterpretAsFloats()
                        .mul(ScalePairs.REBIAS * UP)
                        .reinterpretAsInts()
                        .or(s3.and(ScalePairs.SIGN).lanewise(VectorOperators.LSHL, 16))
                        .reinterpretAsFloats();
            }
            FloatVector down0 = up0.mul(DOWN);
            FloatVector down1 = up1.mul(DOWN);
            FloatVector down2 = up2.mul(DOWN);
            FloatVector down3 = up3.mul(DOWN);
            int at = wordsAt + g * W;
            int p = xAt + 8 * g;
            IntVector w0 = IntVector.fromArray(Lanes.INTS, words, at);
            IntVector w1 = IntVector.fromArray(Lanes.INTS, words, at + L);
            IntVector w2 = IntVector.fromArray(Lanes.INTS, words, at + 2 * L);
            IntVector w3 = IntVector.fromArray(Lanes.INTS, words, at + 3 * L);
            FloatVector x0 = FloatVector.broadcast(Lanes.FLOATS, x[p]);
            c0 = x0.fma(
                    w0.lanewise(VectorOperators.LSHL, 19)
                            .and(FIELD)
                            .or(ONE)
                            .reinterpretAsFloats()
                            .fma(up0, down0),
                    c0);
            c1 = x0.fma(
                    w1.lanewise(VectorOperators.LSHL, 19)
                            .and(FIELD)
                            .or(ONE)
                            .reinterpretAsFloats()
                            .fma(up1, down1),
                    c1);
            c2 = x0.fma(
                    w2.lanewise(VectorOperators.LSHL, 19)
                            .and(FIELD)
                            .or(ONE)
                            .reinterpretAsFloats()
                            .fma(up2, down2),
                    c2);
            c3 = x0.fma(
                    w3.lanewise(VectorOperators.LSHL, 19)
                            .and(FIELD)
                            .or(ONE)
                            .reinterpretAsFloats()
                            .fma(up3, down3),
                    c3);
            FloatVector x1 = FloatVector.broadcast(Lanes.FLOATS, x[p + 1]);
            c0 = x1.fma(
                    w0.lanewise(VectorOperators.LSHL, 15)
                            .and(FIELD)
                            .or(ONE)
                            .reinterpretAsFloats()
                            .fma(up0, down0),
                    c0);
            c1 = x1.fma(
                    w1.lanewise(VectorOperators.LSHL, 15)
                            .and(FIELD)
                            .or(ONE)
                            .reinterpretAsFloats()
                            .fma(up1, down1),
                    c1);
            c2 = x1.fma(
                    w2.lanewise(VectorOperators.LSHL, 15)
                            .and(FIELD)
                            .or(ONE)
                            .reinterpretAsFloats()
                            .fma(up2, down2),
                    c2);
            c3 = x1.fma(
                    w3.lanewise(VectorOperators.LSHL, 15)
                            .and(FIELD)
                            .or(ONE)
                            .reinterpretAsFloats()
                            .fma(up3, down3),
                    c3);
            FloatVector x2 = FloatVector.broadcast(Lanes.FLOATS, x[p + 2]);
            c0 = x2.fma(
                    w0.lanewise(VectorOperators.LSHL, 11)
                            .and(FIELD)
                            .or(ONE)
                            .reinterpretAsFloats()
                            .fma(up0, down0),
                    c0);
            c1 = x2.fma(
                    w1.lanewise(VectorOperators.LSHL, 11)
                            .and(FIELD)
                            .or(ONE)
                            .reinterpretAsFloats()
                            .fma(up1, down1),
                    c1);
            c2 = x2.fma(
                    w2.lanewise(VectorOperators.LSHL, 11)
                            .and(FIELD)
                            .or(ONE)
                            .reinterpretAsFloats()
                            .fma(up2, down2),
                    c2);
            c3 = x2.fma(
                    w3.lanewise(VectorOperators.LSHL, 11)
                            .and(FIELD)
                            .or(ONE)
                            .reinterpretAsFloats()
                            .fma(up3, down3),
                    c3);
            FloatVector x3 = FloatVector.broadcast(Lanes.FLOATS, x[p + 3]);
            c0 = x3.fma(
                    w0.lanewise(VectorOperators.LSHL, 7)
                            .and(FIELD)
                            .or(ONE)
                            .reinterpretAsFloats()
                            .fma(up0, down0),
                    c0);
            c1 = x3.fma(
                    w1.lanewise(VectorOperators.LSHL, 7)
                            .and(FIELD)
                            .or(ONE)
                            .reinterpretAsFloats()
                            .fma(up1, down1),
                    c1);
            c2 = x3.fma(
                    w2.lanewise(VectorOperators.LSHL, 7)
                            .and(FIELD)
                            .or(ONE)
                            .reinterpretAsFloats()
                            .fma(up2, down2),
                    c2);
            c3 = x3.fma(
                    w3.lanewise(VectorOperators.LSHL, 7)
                            .and(FIELD)
                            .or(ONE)
                            .reinterpretAsFloats()
                            .fma(up3, down3),
                    c3);
            FloatVector x4 = FloatVector.broadcast(Lanes.FLOATS, x[p + 4]);
            c0 = x4.fma(
                    w0.lanewise(VectorOperators.LSHL, 3)
                            .and(FIELD)
                            .or(ONE)
                            .reinterpretAsFloats()
                            .fma(up0, down0),
                    c0);
            c1 = x4.fma(
                    w1.lanewise(VectorOperators.LSHL, 3)
                            .and(FIELD)
                            .or(ONE)
                            .reinterpretAsFloats()
                            .fma(up1, down1),
                    c1);
            c2 = x4.fma(
                    w2.lanewise(VectorOperators.LSHL, 3)
                            .and(FIELD)
                            .or(ONE)
                            .reinterpretAsFloats()
                            .fma(up2, down2),
                    c2);
            c3 = x4.fma(
                    w3.lanewise(VectorOperators.LSHL, 3)
                            .and(FIELD)
                            .or(ONE)
                            .reinterpretAsFloats()
                            .fma(up3, down3),
                    c3);
            FloatVector x5 = FloatVector.broadcast(Lanes.FLOATS, x[p + 5]);
            c0 = x5.fma(
                    w0.lanewise(VectorOperators.LSHR, 1)
                            .and(FIELD)
                            .or(ONE)
                            .reinterpretAsFloats()
                            .fma(up0, down0),
                    c0);
            c1 = x5.fma(
                    w1.lanewise(VectorOperators.LSHR, 1)
                            .and(FIELD)
                            .or(ONE)
                            .reinterpretAsFloats()
                            .fma(up1, down1),
                    c1);
            c2 = x5.fma(
                    w2.lanewise(VectorOperators.LSHR, 1)
                            .and(FIELD)
                            .or(ONE)
                            .reinterpretAsFloats()
                            .fma(up2, down2),
                    c2);
            c3 = x5.fma(
                    w3.lanewise(VectorOperators.LSHR, 1)
                            .and(FIELD)
                            .or(ONE)
                            .reinterpretAsFloats()
                            .fma(up3, down3),
                    c3);
            FloatVector x6 = FloatVector.broadcast(Lanes.FLOATS, x[p + 6]);
            c0 = x6.fma(
                    w0.lanewise(VectorOperators.LSHR, 5)
                            .and(FIELD)
                            .or(ONE)
                            .reinterpretAsFloats()
                            .fma(up0, down0),
                    c0);
            c1 = x6.fma(
                    w1.lanewise(VectorOperators.LSHR, 5)
                            .and(FIELD)
                            .or(ONE)
                            .reinterpretAsFloats()
                            .fma(up1, down1),
                    c1);
            c2 = x6.fma(
                    w2.lanewise(VectorOperators.LSHR, 5)
                            .and(FIELD)
                            .or(ONE)
                            .reinterpretAsFloats()
                            .fma(up2, down2),
                    c2);
            c3 = x6.fma(
                    w3.lanewise(VectorOperators.LSHR, 5)
                            .and(FIELD)
                            .or(ONE)
                            .reinterpretAsFloats()
                            .fma(up3, down3),
                    c3);
            FloatVector x7 = FloatVector.broadcast(Lanes.FLOATS, x[p + 7]);
            c0 = x7.fma(
                    w0.lanewise(VectorOperators.LSHR, 9)
                            .and(FIELD)
                            .or(ONE)
                            .reinterpretAsFloats()
                            .fma(up0, down0),
                    c0);
            c1 = x7.fma(
                    w1.lanewise(VectorOperators.LSHR, 9)
                            .and(FIELD)
                            .or(ONE)
                            .reinterpretAsFloats()
                            .fma(up1, down1),
                    c1);
            c2 = x7.fma(
                    w2.lanewise(VectorOperators.LSHR, 9)
                            .and(FIELD)
                            .or(ONE)
                            .reinterpretAsFloats()
                            .fma(up2, down2),
                    c2);
            c3 = x7.fma(
                    w3.lanewise(VectorOperators.LSHR, 9)
                            .and(FIELD)
                            .or(ONE)
                            .reinterpretAsFloats()
                            .fma(up3, down3),
                    c3);
        }
        c0.intoArray(out, outAt);
        c1.intoArray(out, outAt + L);
        c2.intoArray(out, outAt + 2 * L);
        c3.intoArray(out, outAt + 3 * L);
    }

    /**
     * Writes rows [0, k) of a panel as strips of [k, lanes]; k is a multiple of 32.
     *
     * @param ups the scales times {@link #UP}, [blocks, strips, lanes]
     */
    static void widen(int k, int[] words, int wordsAt, float[] ups, float[] strips, int stripsAt) {
        int next = k * L;
        FloatVector up0 = FloatVector.zero(Lanes.FLOATS);
        FloatVector up1 = FloatVector.zero(Lanes.FLOATS);
        FloatVector up2 = FloatVector.zero(Lanes.FLOATS);
        FloatVector up3 = FloatVector.zero(Lanes.FLOATS);
        for (int g = 0; g < k / 8; g++) {
            if ((g & 3) == 0) {
                int from = g / 4 * W;
                up0 = FloatVector.fromArray(Lanes.FLOATS, ups, from);
                up1 = FloatVector.fromArray(Lanes.FLOATS, ups, from + L);
                up2 = FloatVector.fromArray(Lanes.FLOATS, ups, from + 2 * L);
                up3 = FloatVector.fromArray(Lanes.FLOATS, ups, from + 3 * L);
            }
            int at = wordsAt + g * W;
            int to = stripsAt + 8 * g * L;
            IntVector w0 = IntVector.fromArray(Lanes.INTS, words, at);
            FloatVector down0 = up0.mul(DOWN);
            w0.lanewise(VectorOperators.LSHL, 19)
                    .and(FIELD)
                    .or(ONE)
                    .reinterpretAsFloats()
                    .fma(up0, down0)
                    .intoArray(strips, to);
            w0.lanewise(VectorOperators.LSHL, 15)
                    .and(FIELD)
                    .or(ONE)
                    .reinterpretAsFloats()
                    .fma(up0, down0)
                    .intoArray(strips, to + L);
            w0.lanewise(VectorOperators.LSHL, 11)
                    .and(FIELD)
                    .or(ONE)
                    .reinterpretAsFloats()
                    .fma(up0, down0)
                    .intoArray(strips, to + 2 * L);
            w0.lanewise(VectorOperators.LSHL, 7)
                    .and(FIELD)
                    .or(ONE)
                    .reinterpretAsFloats()
                    .fma(up0, down0)
                    .intoArray(strips, to + 3 * L);
            w0.lanewise(VectorOperators.LSHL, 3)
                    .and(FIELD)
                    .or(ONE)
                    .reinterpretAsFloats()
                    .fma(up0, down0)
                    .intoArray(strips, to + 4 * L);
            w0.lanewise(VectorOperators.LSHR, 1)
                    .and(FIELD)
                    .or(ONE)
                    .reinterpretAsFloats()
                    .fma(up0, down0)
                    .intoArray(strips, to + 5 * L);
            w0.lanewise(VectorOperators.LSHR, 5)
                    .and(FIELD)
                    .or(ONE)
                    .reinterpretAsFloats()
                    .fma(up0, down0)
                    .intoArray(strips, to + 6 * L);
            w0.lanewise(VectorOperators.LSHR, 9)
                    .and(FIELD)
                    .or(ONE)
                    .reinterpretAsFloats()
                    .fma(up0, down0)
                    .intoArray(strips, to + 7 * L);
            IntVector w1 = IntVector.fromArray(Lanes.INTS, words, at + L);
            FloatVector down1 = up1.mul(DOWN);
            w1.lanewise(VectorOperators.LSHL, 19)
                    .and(FIELD)
                    .or(ONE)
                    .reinterpretAsFloats()
                    .fma(up1, down1)
                    .intoArray(strips, to + next);
            w1.lanewise(VectorOperators.LSHL, 15)
                    .and(FIELD)
                    .or(ONE)
                    .reinterpretAsFloats()
                    .fma(up1, down1)
                    .intoArray(strips, to + next + L);
            w1.lanewise(VectorOperators.LSHL, 11)
                    .and(FIELD)
                    .or(ONE)
                    .reinterpretAsFloats()
                    .fma(up1, down1)
                    .intoArray(strips, to + next + 2 * L);
            w1.lanewise(VectorOperators.LSHL, 7)
                    .and(FIELD)
                    .or(ONE)
                    .reinterpretAsFloats()
                    .fma(up1, down1)
                    .intoArray(strips, to + next + 3 * L);
            w1.lanewise(VectorOperators.LSHL, 3)
                    .and(FIELD)
                    .or(ONE)
                    .reinterpretAsFloats()
                    .fma(up1, down1)
                    .intoArray(strips, to + next + 4 * L);
            w1.lanewise(VectorOperators.LSHR, 1)
                    .and(FIELD)
                    .or(ONE)
                    .reinterpretAsFloats()
                    .fma(up1, down1)
                    .intoArray(strips, to + next + 5 * L);
            w1.lanewise(VectorOperators.LSHR, 5)
                    .and(FIELD)
                    .or(ONE)
                    .reinterpretAsFloats()
                    .fma(up1, down1)
                    .intoArray(strips, to + next + 6 * L);
            w1.lanewise(VectorOperators.LSHR, 9)
                    .and(FIELD)
                    .or(ONE)
                    .reinterpretAsFloats()
                    .fma(up1, down1)
                    .intoArray(strips, to + next + 7 * L);
            IntVector w2 = IntVector.fromArray(Lanes.INTS, words, at + 2 * L);
            FloatVector down2 = up2.mul(DOWN);
            w2.lanewise(VectorOperators.LSHL, 19)
                    .and(FIELD)
                    .or(ONE)
                    .reinterpretAsFloats()
                    .fma(up2, down2)
                    .intoArray(strips, to + 2 * next);
            w2.lanewise(VectorOperators.LSHL, 15)
                    .and(FIELD)
                    .or(ONE)
                    .reinterpretAsFloats()
                    .fma(up2, down2)
                    .intoArray(strips, to + 2 * next + L);
            w2.lanewise(VectorOperators.LSHL, 11)
                    .and(FIELD)
                    .or(ONE)
                    .reinterpretAsFloats()
                    .fma(up2, down2)
                    .intoArray(strips, to + 2 * next + 2 * L);
            w2.lanewise(VectorOperators.LSHL, 7)
                    .and(FIELD)
                    .or(ONE)
                    .reinterpretAsFloats()
                    .fma(up2, down2)
                    .intoArray(strips, to + 2 * next + 3 * L);
            w2.lanewise(VectorOperators.LSHL, 3)
                    .and(FIELD)
                    .or(ONE)
                    .reinterpretAsFloats()
                    .fma(up2, down2)
                    .intoArray(strips, to + 2 * next + 4 * L);
            w2.lanewise(VectorOperators.LSHR, 1)
                    .and(FIELD)
                    .or(ONE)
                    .reinterpretAsFloats()
                    .fma(up2, down2)
                    .intoArray(strips, to + 2 * next + 5 * L);
            w2.lanewise(VectorOperators.LSHR, 5)
                    .and(FIELD)
                    .or(ONE)
                    .reinterpretAsFloats()
                    .fma(up2, down2)
                    .intoArray(strips, to + 2 * next + 6 * L);
            w2.lanewise(VectorOperators.LSHR, 9)
                    .and(FIELD)
                    .or(ONE)
                    .reinterpretAsFloats()
                    .fma(up2, down2)
                    .intoArray(strips, to + 2 * next + 7 * L);
            IntVector w3 = IntVector.fromArray(Lanes.INTS, words, at + 3 * L);
            FloatVector down3 = up3.mul(DOWN);
            w3.lanewise(VectorOperators.LSHL, 19)
                    .and(FIELD)
                    .or(ONE)
                    .reinterpretAsFloats()
                    .fma(up3, down3)
                    .intoArray(strips, to + 3 * next);
            w3.lanewise(VectorOperators.LSHL, 15)
                    .and(FIELD)
                    .or(ONE)
                    .reinterpretAsFloats()
                    .fma(up3, down3)
                    .intoArray(strips, to + 3 * next + L);
            w3.lanewise(VectorOperators.LSHL, 11)
                    .and(FIELD)
                    .or(ONE)
                    .reinterpretAsFloats()
                    .fma(up3, down3)
                    .intoArray(strips, to + 3 * next + 2 * L);
            w3.lanewise(VectorOperators.LSHL, 7)
                    .and(FIELD)
                    .or(ONE)
                    .reinterpretAsFloats()
                    .fma(up3, down3)
                    .intoArray(strips, to + 3 * next + 3 * L);
            w3.lanewise(VectorOperators.LSHL, 3)
                    .and(FIELD)
                    .or(ONE)
                    .reinterpretAsFloats()
                    .fma(up3, down3)
                    .intoArray(strips, to + 3 * next + 4 * L);
            w3.lanewise(VectorOperators.LSHR, 1)
                    .and(FIELD)
                    .or(ONE)
                    .reinterpretAsFloats()
                    .fma(up3, down3)
                    .intoArray(strips, to + 3 * next + 5 * L);
            w3.lanewise(VectorOperators.LSHR, 5)
                    .and(FIELD)
                    .or(ONE)
                    .reinterpretAsFloats()
                    .fma(up3, down3)
                    .intoArray(strips, to + 3 * next + 6 * L);
            w3.lanewise(VectorOperators.LSHR, 9)
                    .and(FIELD)
                    .or(ONE)
                    .reinterpretAsFloats()
                    .fma(up3, down3)
                    .intoArray(strips, to + 3 * next + 7 * L);
        }
    }
}
