// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor;

import java.util.List;

/** Matrices as files have them: every bit random but those that make a scale infinite. */
final class RandomBlocks {
    /** Formats that are held as a file has them. */
    static final List<WeightFormat> FORMATS =
            List.of(WeightFormat.Q8_0, WeightFormat.Q4_0, WeightFormat.Q4_K, WeightFormat.Q6_K);

    private RandomBlocks() {}

    /** A matrix [M, K]. */
    static QuantizedMatrix of(WeightFormat format, Rng rng, int m, int k) {
        byte[] blocks = new byte[m * (k / format.block()) * format.blockBytes()];
        for (int i = 0; i < blocks.length; i++) {
            blocks[i] = (byte) rng.nextInt(256);
        }
        for (int block = 0; block < blocks.length; block += format.blockBytes()) {
            for (int scale : scales(format)) {
                int exponent = rng.nextInt(31); // from subnormal to the largest
                blocks[block + scale + 1] = (byte) (blocks[block + scale + 1] & 0x83 | exponent << 2);
            }
        }
        return new QuantizedMatrix(format, m, k, blocks);
    }

    /** The bytes at which F16 numbers are. */
    static List<Integer> scales(WeightFormat format) {
        return switch (format) {
            case Q8_0, Q4_0 -> List.of(0);
            case Q4_K -> List.of(0, 2);
            case Q6_K -> List.of(208);
            case F32, BF16 -> throw new AssertionError(format);
        };
    }
}
