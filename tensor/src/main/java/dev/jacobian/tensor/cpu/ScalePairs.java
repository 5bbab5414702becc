// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.cpu;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/** F16 scales, two to a word. */
final class ScalePairs {
    static final int MAGNITUDE = 0x7FFF;
    static final int SIGN = 0x8000;

    /** The exponent of F32 is biased by 112 more than that of F16. */
    static final float REBIAS = 0x1p112f;

    private ScalePairs() {}

    /**
     * The scales of {@code blocks} blocks of a panel times {@code factor}, as [blocks, strips, lanes] from the front of
     * {@code out}. Exact, subnormal numbers too; infinities and NaN, which scales never are, would come out wrong.
     *
     * @param at index of the first pair; the first block is in its lower half
     */
    static void widen(int[] scales, int at, int blocks, float factor, float[] out) {
        for (int block = 0; block < blocks; block++) {
            int half = block % 2 * 16;
            for (int c = 0; c < NarrowPanels.WIDTH; c += Lanes.COUNT) {
                IntVector bits = IntVector.fromArray(Lanes.INTS, scales, at + block / 2 * NarrowPanels.WIDTH + c)
                        .lanewise(VectorOperators.LSHR, half);
                FloatVector magnitude = bits.and(MAGNITUDE)
                        .lanewise(VectorOperators.LSHL, 13)
                        .reinterpretAsFloats()
                        .mul(REBIAS);
                IntVector sign = bits.and(SIGN).lanewise(VectorOperators.LSHL, 16);
                FloatVector scale = magnitude.reinterpretAsInts().or(sign).reinterpretAsFloats();
                scale.mul(factor).intoArray(out, block * NarrowPanels.WIDTH + c);
            }
        }
    }
}
