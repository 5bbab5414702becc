// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.parquet.encoding;

import dev.jacobian.parquet.format.Corrupt;
import java.util.Arrays;

/**
 * Some bytes of a page.
 *
 * @param bytes they lie in
 * @param from the first one
 * @param to behind the last one
 */
public record Slice(byte[] bytes, int from, int to) {
    /** All of an array. */
    public static Slice of(byte[] bytes) {
        return new Slice(bytes, 0, bytes.length);
    }

    /** How many there are. */
    public int length() {
        return to - from;
    }

    /** {@code count} bytes from a place in it on. */
    public Slice cut(int offset, int count) {
        if (offset < 0 || count < 0 || offset > length() - count) {
            throw new Corrupt("a page ends before its " + count + " bytes at " + offset);
        }
        return new Slice(bytes, from + offset, from + offset + count);
    }

    /** All from a place in it on. */
    public Slice from(int offset) {
        return cut(offset, length() - offset);
    }

    /** Four bytes as a number, the lowest first. */
    public int int32(int offset) {
        return (int) number(offset, Integer.BYTES);
    }

    /** Some bytes, eight at most, as a number without sign, the lowest first. */
    public long number(int offset, int count) {
        if (offset < 0 || offset > length() - count) {
            throw new Corrupt("a page ends in the middle of a value");
        }
        long value = 0;
        for (int i = 0; i < count; i++) {
            value |= (bytes[from + offset + i] & 255L) << Byte.SIZE * i;
        }
        return value;
    }

    /** A copy of the bytes. */
    public byte[] copy() {
        return Arrays.copyOfRange(bytes, from, to);
    }
}
