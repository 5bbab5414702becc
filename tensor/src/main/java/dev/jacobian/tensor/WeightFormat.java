// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/**
 * How a {@link PackedMatrix} holds the numbers of a weight, under the names that users of GGUF files know.
 *
 * <p>Decoding reads every weight once per token and does next to nothing with it, so its speed is the size of the weights
 * divided by the bandwidth of memory: half the bits, twice the tokens. Arithmetic is F32 in every format: a product has, bit
 * for bit, the value of the F32 product with {@link MatrixKernels#unpack(PackedMatrix)}. Only F32 weights can be trained.
 *
 * <table>
 *   <caption>Advantages and disadvantages</caption>
 *   <tr><th>format</th><th>bits per weight</th><th>what it costs</th></tr>
 *   <tr><td>{@link #F32}</td><td>32</td><td>nothing but memory and time</td></tr>
 *   <tr><td>{@link #BF16}</td><td>16</td><td>nothing for a checkpoint stored as BF16; else rounding to 8 significant bits</td></tr>
 *   <tr><td>{@link #Q8_0}</td><td>8.5</td><td>an error of at most 1/254 of the largest of 32 neighbours; rarely visible</td></tr>
 *   <tr><td>{@link #Q4_0}</td><td>4.5</td><td>an error of about 1/16 of the largest of 32 neighbours; visible in small models</td></tr>
 *   <tr><td>{@link #Q4_K}, {@link #Q6_K}</td><td>4.5, 6.6</td><td>nothing: held of files that have them, not made here</td></tr>
 * </table>
 *
 * <p>The exact formulas stand in {@code ReferenceQuantization} and {@code ReferenceBlocks}.
 */
public enum WeightFormat {
    /** binary32, as it is. */
    F32(32, 1, 0),
    /** bfloat16, rounded to nearest, ties to even. */
    BF16(16, 1, 0),
    /** Blocks of 32 neighbours along k: 8-bit integers and one F16 scale. */
    Q8_0(8, 32, 2),
    /** Blocks of 32 neighbours along k: 4-bit integers and one F16 scale. */
    Q4_0(4, 32, 2),
    /** Blocks of 256 neighbours along k: 4-bit integers, for each 32 of them a scale and a minimum of 6 bits, F16 factors of both. */
    Q4_K(4, 256, 16),
    /** Blocks of 256 neighbours along k: 6-bit integers, for each 16 of them a scale of 8 bits, and an F16 factor of the scales. */
    Q6_K(6, 256, 18);

    private final int bits;
    private final int block;
    private final int scaleBytes; // of a block

    WeightFormat(int bits, int block, int scaleBytes) {
        this.bits = bits;
        this.block = block;
        this.scaleBytes = scaleBytes;
    }

    /** Bits of one number, without its share of a scale. */
    public int bits() {
        return bits;
    }

    /** Numbers that share a scale; 1 where there is none. */
    public int block() {
        return block;
    }

    /** Bytes of a block with its scales. */
    public int blockBytes() {
        return block * bits / 8 + scaleBytes;
    }

    /** Whether numbers can be made to have it ({@link MatrixKernels#pack(Tensor, WeightFormat)}); else only a file's blocks have. */
    public boolean isMade() {
        return this != Q4_K && this != Q6_K;
    }

    /** All that {@linkplain #isMade can be made}. */
    public static List<WeightFormat> made() {
        return Arrays.stream(values()).filter(WeightFormat::isMade).toList();
    }

    /** Whether a block's numbers are small integers times a scale. */
    public boolean isQuantized() {
        return block > 1;
    }

    /** Bytes for {@code weights} numbers with their scales, without padding. */
    public long bytes(long weights) {
        return weights * bits / 8 + weights / block * scaleBytes;
    }

    /**
     * The format of that name, in upper or lower case, if numbers can be made to have it.
     *
     * @throws IllegalArgumentException naming all such formats
     */
    public static WeightFormat parse(String name) {
        for (WeightFormat format : values()) {
            if (format.isMade() && format.label().equals(name.toLowerCase(Locale.ROOT))) {
                return format;
            }
        }
        throw new IllegalArgumentException("unknown weight format '" + name + "'; use f32, bf16, q8_0 or q4_0");
    }

    /** The name in lower case, as options spell it. */
    public String label() {
        return name().toLowerCase(Locale.ROOT);
    }
}
