// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.parquet.encoding;

import dev.jacobian.parquet.format.Corrupt;
import dev.jacobian.parquet.format.PhysicalType;

/** The format's encodings of values by their numbers. */
public final class Encodings {
    private static final int PLAIN = 0;
    private static final int PLAIN_DICTIONARY = 2;
    private static final int RLE = 3;
    private static final int DELTA_BINARY_PACKED = 5;
    private static final int DELTA_LENGTH_BYTE_ARRAY = 6;
    private static final int DELTA_BYTE_ARRAY = 7;
    private static final int RLE_DICTIONARY = 8;
    private static final int BYTE_STREAM_SPLIT = 9;

    private Encodings() {}

    /** Whether values are places in the column's dictionary, behind a byte that says how many bits a place has. */
    public static boolean isDictionary(int encoding) {
        return encoding == PLAIN_DICTIONARY || encoding == RLE_DICTIONARY;
    }

    /** Whether a dictionary itself can be written so. */
    public static boolean isOfDictionary(int encoding) {
        return encoding == PLAIN || encoding == PLAIN_DICTIONARY;
    }

    /**
     * The values of a page.
     *
     * @param fixed bytes of a value of a type of fixed length
     */
    public static Values values(int encoding, Slice in, PhysicalType type, int fixed) {
        boolean texts = type == PhysicalType.BYTE_ARRAY || type == PhysicalType.FIXED_LEN_BYTE_ARRAY;
        boolean numbers = type == PhysicalType.INT32 || type == PhysicalType.INT64;
        return switch (encoding) {
            case PLAIN -> new PlainValues(in, type, fixed);
            case RLE -> new BooleanRuns(in);
            case DELTA_BINARY_PACKED -> {
                require(numbers, "differences");
                yield new DeltaNumbers(in, type == PhysicalType.INT32);
            }
            case DELTA_LENGTH_BYTE_ARRAY, DELTA_BYTE_ARRAY -> {
                require(texts, "lengths of texts");
                yield new DeltaTexts(in, encoding == DELTA_BYTE_ARRAY);
            }
            case BYTE_STREAM_SPLIT -> new SplitBytes(in, type, fixed);
            default -> throw new Corrupt("values have encoding " + encoding + ", which is not read");
        };
    }

    private static void require(boolean fits, String what) {
        if (!fits) {
            throw new Corrupt("values are written as " + what + ", which they are not");
        }
    }
}
