// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.parquet.format;

import java.util.OptionalInt;

/**
 * What stands before a page.
 *
 * @param kind of the page
 * @param size in bytes when decompressed, levels included
 * @param stored bytes that follow the header
 * @param crc of the stored bytes, if the writer gave one
 * @param values in the page, nulls included
 * @param encoding of the values
 * @param definitionEncoding of the definition levels in a page of version 1
 * @param repetitionEncoding of its repetition levels
 * @param repetitionBytes of the repetition levels in a page of version 2
 * @param definitionBytes of its definition levels
 * @param compressed whether the values of such a page are compressed
 */
public record PageHeader(
        Kind kind,
        int size,
        int stored,
        OptionalInt crc,
        int values,
        int encoding,
        int definitionEncoding,
        int repetitionEncoding,
        int repetitionBytes,
        int definitionBytes,
        boolean compressed) {
    /** The number of the only encoding of levels that is written today. */
    public static final int RLE = 3;

    /** Kinds of pages, in the format's order. */
    public enum Kind {
        DATA,
        INDEX,
        DICTIONARY,
        DATA_V2
    }

    /** What is known of a header until all of it is read. */
    private static final class Draft {
        private int kind = -1;
        private int size;
        private int stored;
        private OptionalInt crc = OptionalInt.empty();
        private int values;
        private int encoding;
        private int definitionEncoding = RLE;
        private int repetitionEncoding = RLE;
        private int repetitionBytes;
        private int definitionBytes;
        private boolean compressed = true;
    }

    /**
     * Reads a header.
     *
     * @throws Thrift.Short if it goes on behind the bytes that are there
     */
    public static PageHeader read(Thrift in) {
        Draft draft = new Draft();
        in.struct((id, type) -> {
            switch (id) {
                case 1 -> draft.kind = in.i32();
                case 2 -> draft.size = in.i32();
                case 3 -> draft.stored = in.i32();
                case 4 -> draft.crc = OptionalInt.of(in.i32());
                case 5 -> in.struct((inner, innerType) -> data(in, inner, draft));
                case 7 -> in.struct((inner, innerType) -> dictionary(in, inner, draft));
                case 8 -> in.struct((inner, innerType) -> dataV2(in, inner, innerType, draft));
                default -> {
                    return false;
                }
            }
            return true;
        });
        if (draft.kind < 0 || draft.kind >= Kind.values().length) {
            throw new Corrupt("a page is of kind " + draft.kind + ", which there is not");
        }
        if (draft.size < 0 || draft.stored < 0 || draft.values < 0) {
            throw new Corrupt("a page's header has a negative size");
        }
        return new PageHeader(
                Kind.values()[draft.kind],
                draft.size,
                draft.stored,
                draft.crc,
                draft.values,
                draft.encoding,
                draft.definitionEncoding,
                draft.repetitionEncoding,
                draft.repetitionBytes,
                draft.definitionBytes,
                draft.compressed);
    }

    private static boolean data(Thrift in, int id, Draft draft) {
        switch (id) {
            case 1 -> draft.values = in.i32();
            case 2 -> draft.encoding = in.i32();
            case 3 -> draft.definitionEncoding = in.i32();
            case 4 -> draft.repetitionEncoding = in.i32();
            default -> {
                return false;
            }
        }
        return true;
    }

    private static boolean dictionary(Thrift in, int id, Draft draft) {
        switch (id) {
            case 1 -> draft.values = in.i32();
            case 2 -> draft.encoding = in.i32();
            default -> {
                return false;
            }
        }
        return true;
    }

    private static boolean dataV2(Thrift in, int id, int type, Draft draft) {
        switch (id) {
            case 1 -> draft.values = in.i32();
            case 4 -> draft.encoding = in.i32();
            case 5 -> draft.definitionBytes = in.i32();
            case 6 -> draft.repetitionBytes = in.i32();
            case 7 -> draft.compressed = Thrift.bool(type);
            default -> {
                return false;
            }
        }
        return true;
    }
}
