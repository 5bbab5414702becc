// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io.gguf;

import java.util.Locale;
import java.util.Optional;

/**
 * The element types of GGUF tensors that are read: numbers as they are, and blocks of numbers along a row that share scales.
 *
 * <p>The layouts stand in {@link PlainBlocks} and {@link SuperBlocks}.
 */
public enum GgufType {
    F32(0, 1, 4),
    F16(1, 1, 2),
    Q4_0(2, 32, 18),
    Q4_1(3, 32, 20),
    Q5_0(6, 32, 22),
    Q5_1(7, 32, 24),
    Q8_0(8, 32, 34),
    Q2_K(10, 256, 84),
    Q3_K(11, 256, 110),
    Q4_K(12, 256, 144),
    Q5_K(13, 256, 176),
    Q6_K(14, 256, 210),
    BF16(30, 1, 2),
    MXFP4(39, 32, 17);

    private final int id;
    private final int block;
    private final int bytes;

    GgufType(int id, int block, int bytes) {
        this.id = id;
        this.block = block;
        this.bytes = bytes;
    }

    /** The number that stands for it in a file. */
    public int id() {
        return id;
    }

    /** Numbers of a block, 1 where there are none. */
    public int block() {
        return block;
    }

    /** Bytes of a block. */
    public int blockBytes() {
        return bytes;
    }

    /** Whether numbers share scales. */
    public boolean isQuantized() {
        return block > 1;
    }

    /** Bytes of so many numbers, whole blocks of them. */
    public long bytes(long elements) {
        return Math.multiplyExact(elements / block, bytes);
    }

    /** The type of a number, if it is one that is read. */
    static Optional<GgufType> of(int id) {
        for (GgufType type : values()) {
            if (type.id == id) {
                return Optional.of(type);
            }
        }
        return Optional.empty();
    }

    /** The name of a type that is not read, as far as it has one. */
    static String nameOfUnread(int id) {
        return switch (id) {
            case 9 -> "Q8_1";
            case 15 -> "Q8_K";
            case 16 -> "IQ2_XXS";
            case 17 -> "IQ2_XS";
            case 18 -> "IQ3_XXS";
            case 19 -> "IQ1_S";
            case 20 -> "IQ4_NL";
            case 21 -> "IQ3_S";
            case 22 -> "IQ2_S";
            case 23 -> "IQ4_XS";
            case 24 -> "I8";
            case 25 -> "I16";
            case 26 -> "I32";
            case 27 -> "I64";
            case 28 -> "F64";
            case 29 -> "IQ1_M";
            case 34 -> "TQ1_0";
            case 35 -> "TQ2_0";
            case 40 -> "NVFP4";
            case 4, 5, 31, 32, 33, 36, 37, 38 -> "number " + id + ", which the format no longer has";
            default -> "number " + Integer.toUnsignedString(id) + ", which is unknown here";
        };
    }

    /** The type of that name, in upper or lower case. */
    public static Optional<GgufType> named(String name) {
        for (GgufType type : values()) {
            if (type.name().equals(name.toUpperCase(Locale.ROOT))) {
                return Optional.of(type);
            }
        }
        return Optional.empty();
    }
}
