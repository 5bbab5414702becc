// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io.spill;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.BitSet;

/** The bytes of a record as they are written. {@link RecordReader} is the mirror. */
public final class RecordWriter {
    static final int NARROW = 0;
    static final int UTF_8 = 1;
    static final int UTF_16 = 2;

    private byte[] bytes = new byte[256];
    private int length;

    /** An empty record. */
    public RecordWriter() {}

    /** Truth. */
    public RecordWriter truth(boolean value) {
        return octet(value ? 1 : 0);
    }

    RecordWriter octet(int value) {
        reserve(1);
        bytes[length++] = (byte) value;
        return this;
    }

    private void reserve(int more) {
        int needed = Math.addExact(length, more);
        if (needed > bytes.length) {
            bytes = Arrays.copyOf(bytes, (int) Math.min(Math.max(needed, 2L * bytes.length), Integer.MAX_VALUE - 64));
        }
    }

    /** A whole number; the nearer to 0 from above, the shorter. */
    public RecordWriter integer(int value) {
        int left = value;
        while ((left & ~0x7F) != 0) {
            octet(left & 0x7F | 0x80);
            left >>>= 7;
        }
        return octet(left);
    }

    /** A whole number of 8 bytes. */
    public RecordWriter integer64(long value) {
        reserve(Long.BYTES);
        for (int i = 0; i < Long.BYTES; i++) {
            bytes[length++] = (byte) (value >>> Byte.SIZE * i);
        }
        return this;
    }

    /** A number, bit for bit. */
    public RecordWriter real(double value) {
        return integer64(Double.doubleToRawLongBits(value));
    }

    /** A text, exactly: also with half of a surrogate pair, which UTF-8 has no bytes for. */
    public RecordWriter text(String text) {
        if (text.chars().allMatch(c -> c < 256)) {
            return octet(NARROW).blob(text.getBytes(StandardCharsets.ISO_8859_1));
        }
        return StandardCharsets.UTF_8.newEncoder().canEncode(text)
                ? octet(UTF_8).blob(text.getBytes(StandardCharsets.UTF_8))
                : octet(UTF_16).blob(utf16(text));
    }

    private static byte[] utf16(String text) { // an encoder would replace what is no pair
        byte[] wide = new byte[Math.multiplyExact(text.length(), 2)];
        for (int i = 0; i < text.length(); i++) {
            wide[2 * i] = (byte) (text.charAt(i) >>> Byte.SIZE);
            wide[2 * i + 1] = (byte) text.charAt(i);
        }
        return wide;
    }

    /** Bytes, with their number. */
    public RecordWriter blob(byte[] blob) {
        integer(blob.length);
        reserve(blob.length);
        System.arraycopy(blob, 0, bytes, length, blob.length);
        length += blob.length;
        return this;
    }

    /** Whole numbers such as token ids, with their number. */
    public RecordWriter integers(int[] values) {
        integer(values.length);
        for (int value : values) {
            integer(value);
        }
        return this;
    }

    /** Numbers, with their number, bit for bit. */
    public RecordWriter reals(float[] values) {
        integer(values.length);
        for (float value : values) {
            int bits = Float.floatToRawIntBits(value);
            reserve(Float.BYTES);
            for (int i = 0; i < Float.BYTES; i++) {
                bytes[length++] = (byte) (bits >>> Byte.SIZE * i);
            }
        }
        return this;
    }

    /** A set of places as runs: a mask over tokens has few. */
    public RecordWriter places(BitSet set) {
        int runs = 0;
        for (int from = set.nextSetBit(0); from >= 0; from = set.nextSetBit(set.nextClearBit(from))) {
            runs++;
        }
        integer(runs);
        int at = 0;
        for (int from = set.nextSetBit(0); from >= 0; from = set.nextSetBit(at)) {
            int end = set.nextClearBit(from);
            integer(from - at);
            integer(end - from);
            at = end;
        }
        return this;
    }

    /** All that was written. */
    byte[] toBytes() {
        return Arrays.copyOf(bytes, length);
    }
}
