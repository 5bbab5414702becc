// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.cpu;

import dev.jacobian.tensor.KvCache;
import dev.jacobian.tensor.reference.KvRounding;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/**
 * Makes F32 of the pages of an 8-bit cache, one head of a page at a time, in the layout that attention's tiles read.
 *
 * <p>An integer u = q + 128 becomes a float without a conversion: under the exponent of 2²³ it is the float 2²³ + u, from which 2²³ + 128 is
 * taken off exactly. So each number is q · d, rounded once, as the reference has it.
 */
final class KvWidening {
    private static final int L = Lanes.COUNT;
    private static final int PAGE = KvCache.PAGE;
    private static final int BLOCK = KvRounding.BLOCK;

    /** The exponent of 2²³. */
    private static final int EXPONENT = 0x4B000000;

    private static final float OFFSET = 0x1p23f + 128;

    private KvWidening() {}

    /**
     * Keys of one head of a page.
     *
     * @param codes from {@code codesAt} as [⌈d / 4⌉, 16] words of four elements
     * @param scales from {@code scalesAt} as [⌈d / 32⌉, 16]
     * @param out receives [d, 16], and up to three rows more
     */
    static void keys(int d, int[] codes, int codesAt, float[] scales, int scalesAt, float[] out, int outAt) {
        for (int lane = 0; lane < PAGE; lane += L) {
            for (int first = 0; first < d; first += BLOCK) {
                FloatVector scale = FloatVector.fromArray(Lanes.FLOATS, scales, scalesAt + first / BLOCK * PAGE + lane);
                int end = Math.min(d, first + BLOCK);
                for (int i = first; i < end; i += 4) {
                    IntVector word = IntVector.fromArray(Lanes.INTS, codes, codesAt + i / 4 * PAGE + lane);
                    int to = outAt + i * PAGE + lane;
                    word.and(0xFF)
                            .or(EXPONENT)
                            .reinterpretAsFloats()
                            .sub(OFFSET)
                            .mul(scale)
                            .intoArray(out, to);
                    word.lanewise(VectorOperators.LSHR, 8)
                            .and(0xFF)
                            .or(EXPONENT)
                            .reinterpretAsFloats()
                            .sub(OFFSET)
                            .mul(scale)
                            .intoArray(out, to + PAGE);
                    word.lanewise(VectorOperators.LSHR, 16)
                            .and(0xFF)
                            .or(EXPONENT)
                            .reinterpretAsFloats()
                            .sub(OFFSET)
                            .mul(scale)
                            .intoArray(out, to + 2 * PAGE);
                    word.lanewise(VectorOperators.LSHR, 24)
                            .or(EXPONENT)
                            .reinterpretAsFloats()
                            .sub(OFFSET)
                            .mul(scale)
                            .intoArray(out, to + 3 * PAGE);
                }
            }
        }
    }

    /**
     * Values of one head of a page.
     *
     * @param width elements between the values of neighbouring keys, a multiple of 16
     * @param codes from {@code codesAt} as [4, width] words of four keys
     * @param scales from {@code scalesAt} as [16, blocks]
     * @param out receives [16, width]
     */
    static void values(
            int width, int[] codes, int codesAt, float[] scales, int scalesAt, int blocks, float[] out, int outAt) {
        for (int group = 0; group < PAGE / 4; group++) {
            int scale = scalesAt + 4 * group * blocks;
            int to = outAt + 4 * group * width;
            for (int i = 0; i < width; i += L) {
                IntVector word = IntVector.fromArray(Lanes.INTS, codes, codesAt + group * width + i);
                int block = scale + i / BLOCK;
                word.and(0xFF)
                        .or(EXPONENT)
                        .reinterpretAsFloats()
                        .sub(OFFSET)
                        .mul(scales[block])
                        .intoArray(out, to + i);
                word.lanewise(VectorOperators.LSHR, 8)
                        .and(0xFF)
                        .or(EXPONENT)
                        .reinterpretAsFloats()
                        .sub(OFFSET)
                        .mul(scales[block + blocks])
                        .intoArray(out, to + width + i);
                word.lanewise(VectorOperators.LSHR, 16)
                        .and(0xFF)
                        .or(EXPONENT)
                        .reinterpretAsFloats()
                        .sub(OFFSET)
                        .mul(scales[block + 2 * blocks])
                        .intoArray(out, to + 2 * width + i);
                word.lanewise(VectorOperators.LSHR, 24)
                        .or(EXPONENT)
                        .reinterpretAsFloats()
                        .sub(OFFSET)
                        .mul(scales[block + 3 * blocks])
                        .intoArray(out, to + 3 * width + i);
            }
        }
    }
}
