// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.parquet.format;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * Thrift's compact protocol, as far as Parquet uses it. What is read is bounded by the bytes that are there: a list has no more
 * elements than bytes follow, and nesting is limited.
 */
public final class Thrift {
    private static final int MAX_DEPTH = 32;

    // Types of the compact protocol.
    private static final int STOP = 0;
    private static final int TRUE = 1;
    private static final int FALSE = 2;
    private static final int BYTE = 3;
    private static final int DOUBLE = 7;
    private static final int BINARY = 8;
    private static final int LIST = 9;
    private static final int SET = 10;
    private static final int MAP = 11;
    private static final int STRUCT = 12;

    private final byte[] bytes;
    private final int end;
    private int at;
    private int depth;

    /** A structure goes on behind the bytes that are there. */
    public static final class Short extends RuntimeException {
        private static final long serialVersionUID = 1L;

        Short() {
            super("the structure is cut short", null, false, false);
        }
    }

    /** Takes the fields that it knows. */
    @FunctionalInterface
    public interface Fields {
        /**
         * Reads a field's value.
         *
         * @param id of the field
         * @param type of the compact protocol
         * @return whether it was read; others are passed over
         */
        boolean read(int id, int type);
    }

    /** Reads an element of a list. */
    @FunctionalInterface
    public interface Element<T> {
        T read();
    }

    /** Reads {@code bytes[from … to)}. */
    public Thrift(byte[] bytes, int from, int to) {
        this.bytes = bytes;
        this.at = from;
        this.end = to;
    }

    /** The place behind what has been read. */
    public int position() {
        return at;
    }

    /** Reads a structure to its end. */
    public void struct(Fields fields) {
        if (++depth > MAX_DEPTH) {
            throw new Corrupt("its structures are nested deeper than " + MAX_DEPTH);
        }
        int id = 0;
        for (int header = unsigned(); header != STOP; header = unsigned()) {
            int type = header & 15;
            int delta = header >>> 4;
            id = delta == 0 ? (int) zigzag() : id + delta;
            if (!fields.read(id, type)) {
                skip(type);
            }
        }
        depth--;
    }

    /** A boolean field, whose value is its type. */
    public static boolean bool(int type) {
        return type == TRUE;
    }

    /** A byte. */
    public int i8() {
        return (byte) unsigned();
    }

    /** A whole number of 16 or 32 bits. */
    public int i32() {
        long value = zigzag();
        if (value != (int) value) {
            throw new Corrupt("a number has more than 32 bits");
        }
        return (int) value;
    }

    /** A whole number of 64 bits. */
    public long i64() {
        return zigzag();
    }

    /** A text. */
    public String string() {
        int length = length();
        String text = new String(bytes, at, length, StandardCharsets.UTF_8);
        at += length;
        return text;
    }

    /** A list. */
    public <T> List<T> list(Element<T> element) {
        int size = size(unsigned());
        List<T> list = new ArrayList<>(Math.min(size, 1024));
        for (int i = 0; i < size; i++) {
            list.add(element.read());
        }
        return list;
    }

    private int size(int header) {
        int few = header >>> 4;
        long size = few == 15 ? varint() : few;
        if (size < 0 || size > end - at) { // each element takes a byte at least
            throw size < 0 ? new Corrupt("a list has a negative size") : new Short();
        }
        return (int) size;
    }

    private int length() {
        long length = varint();
        if (length < 0 || length > end - at) {
            throw length < 0 ? new Corrupt("a text has a negative length") : new Short();
        }
        return (int) length;
    }

    private void skip(int type) {
        if (++depth > MAX_DEPTH) {
            throw new Corrupt("fields lie more than " + MAX_DEPTH + " deep in each other");
        }
        switch (type) {
            case TRUE, FALSE -> {}
            case BYTE -> unsigned();
            case 4, 5, 6 -> varint();
            case DOUBLE -> forward(Double.BYTES);
            case BINARY -> forward(length());
            case LIST, SET -> {
                int header = unsigned();
                int size = size(header);
                for (int i = 0; i < size; i++) {
                    skipElement(header & 15);
                }
            }
            case MAP -> skipMap();
            case STRUCT -> struct((id, inner) -> false);
            default -> throw new Corrupt("a field has type " + type + ", which there is not");
        }
        depth--;
    }

    private void skipMap() {
        long size = varint();
        if (size == 0) {
            return;
        }
        int types = unsigned();
        if (size < 0 || size > end - at) {
            throw new Short();
        }
        for (long i = 0; i < size; i++) {
            skipElement(types >>> 4);
            skipElement(types & 15);
        }
    }

    /** Like {@link #skip}, but that a boolean takes a byte in lists and maps. */
    private void skipElement(int type) {
        if (type == TRUE || type == FALSE) {
            unsigned();
        } else {
            skip(type);
        }
    }

    private void forward(int count) {
        if (count > end - at) {
            throw new Short();
        }
        at += count;
    }

    private long zigzag() {
        long value = varint();
        return value >>> 1 ^ -(value & 1);
    }

    private long varint() {
        long value = 0;
        for (int shift = 0; shift < Long.SIZE; shift += 7) {
            int next = unsigned();
            value |= (long) (next & 127) << shift;
            if (next < 128) {
                return value;
            }
        }
        throw new Corrupt("a number has more than 64 bits");
    }

    private int unsigned() {
        if (at >= end) {
            throw new Short();
        }
        return bytes[at++] & 255;
    }
}
