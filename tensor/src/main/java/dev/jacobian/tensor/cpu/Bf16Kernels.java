// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.cpu;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/**
 * Products with one row, and widening, of {@linkplain NarrowPanels panels} of BF16: the upper half of a word is the number
 * of the odd k once the rest is masked away, the lower half that of the even k once it is shifted up.
 */
final class Bf16Kernels {
    private static final int L = Lanes.COUNT;
    private static final int W = NarrowPanels.WIDTH;
    static final int HIGH = 0xFFFF0000;

    private Bf16Kernels() {}

    /**
     * One row times one panel.
     *
     * @param k steps, even
     * @param load whether the chains continue from {@code out} or start from 0
     */
    static void row(int k, float[] x, int xAt, int[] words, int wordsAt, float[] out, int outAt, boolean load) {
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
        for (int g = 0; g < k / 2; g++) {
            int at = wordsAt + g * W;
            FloatVector x0 = FloatVector.broadcast(Lanes.FLOATS, x[xAt + 2 * g]);
            FloatVector x1 = FloatVector.broadcast(Lanes.FLOATS, x[xAt + 2 * g + 1]);
            IntVector w0 = IntVector.fromArray(Lanes.INTS, words, at);
            IntVector w1 = IntVector.fromArray(Lanes.INTS, words, at + L);
            IntVector w2 = IntVector.fromArray(Lanes.INTS, words, at + 2 * L);
            IntVector w3 = IntVector.fromArray(Lanes.INTS, words, at + 3 * L);
            c0 = x0.fma(w0.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats(), c0);
            c1 = x0.fma(w1.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats(), c1);
            c2 = x0.fma(w2.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats(), c2);
            c3 = x0.fma(w3.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats(), c3);
            c0 = x1.fma(w0.and(HIGH).reinterpretAsFloats(), c0);
            c1 = x1.fma(w1.and(HIGH).reinterpretAsFloats(), c1);
            c2 = x1.fma(w2.and(HIGH).reinterpretAsFloats(), c2);
            c3 = x1.fma(w3.and(HIGH).reinterpretAsFloats(), c3);
        }
        c0.intoArray(out, outAt);
        c1.intoArray(out, outAt + L);
        c2.intoArray(out, outAt + 2 * L);
        c3.intoArray(out, outAt + 3 * L);
    }

    /** Writes rows [0, k) of a panel as strips of [k, lanes]; k is even. */
    static void widen(int k, int[] words, int wordsAt, float[] strips, int stripsAt) {
        int next = k * L;
        for (int g = 0; g < k / 2; g++) {
            int at = wordsAt + g * W;
            int to = stripsAt + 2 * g * L;
            IntVector w0 = IntVector.fromArray(Lanes.INTS, words, at);
            IntVector w1 = IntVector.fromArray(Lanes.INTS, words, at + L);
            IntVector w2 = IntVector.fromArray(Lanes.INTS, words, at + 2 * L);
            IntVector w3 = IntVector.fromArray(Lanes.INTS, words, at + 3 * L);
            w0.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats().intoArray(strips, to);
            w0.and(HIGH).reinterpretAsFloats().intoArray(strips, to + L);
            w1.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats().intoArray(strips, to + next);
            w1.and(HIGH).reinterpretAsFloats().intoArray(strips, to + next + L);
            w2.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats().intoArray(strips, to + 2 * next);
            w2.and(HIGH).reinterpretAsFloats().intoArray(strips, to + 2 * next + L);
            w3.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats().intoArray(strips, to + 3 * next);
            w3.and(HIGH).reinterpretAsFloats().intoArray(strips, to + 3 * next + L);
        }
    }
}
