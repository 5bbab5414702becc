// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.cpu;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/** F16 scales, two to a word. */
final class ScalePairs {
    private static final int MAGNITUDE = 0x7FFF;
    private static final int SIGN = 0x8000;

    /** The exponent of F32 is biased by 112 more than that of F16. */
    private static final float REBIAS = 0x1p112f;

    private ScalePairs() {}

    /**
     * The scales of one block for the columns of a strip. Exact, subnormal numbers too; infinities and NaN, which scales
     * never are, would come out wrong.
     *
     * @param half 0 for the lower half of each word, 16 for the upper one
     */
    static FloatVector widen(int[] scales, int at, int half) {
        IntVector bits = IntVector.fromArray(Lanes.INTS, scales, at).lanewise(VectorOperators.LSHR, half);
        FloatVector magnitude = bits.and(MAGNITUDE)
                .lanewise(VectorOperators.LSHL, 13)
                .reinterpretAsFloats()
                .mul(REBIAS);
        IntVector sign = bits.and(SIGN).lanewise(VectorOperators.LSHL, 16);
        return magnitude.reinterpretAsInts().or(sign).reinterpretAsFloats();
    }
}
