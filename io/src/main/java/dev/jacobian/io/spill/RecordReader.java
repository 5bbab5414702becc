// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io.spill;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.BitSet;

/** The bytes of a record as they are read, in the order in which {@link RecordWriter} wrote them. */
public final class RecordReader {
    private final byte[] bytes;
    private int at;

    RecordReader(byte[] bytes) {
        this.bytes = bytes;
    }

    /** Truth. */
    public boolean truth() {
        return octet() != 0;
    }

    int octet() {
        return take(1) & 0xFF;
    }

    private byte take(int count) {
        if (count < 0 || count > bytes.length - at) {
            throw new IllegalStateException("a record ends within a value: it is read in another way than written");
        }
        byte first = count == 0 ? 0 : bytes[at];
        at += count;
        return first;
    }

    /** A whole number. */
    public int integer() {
        int value = 0;
        for (int shift = 0; ; shift += 7) {
            int next = octet();
            value |= (next & 0x7F) << shift;
            if (next < 0x80) {
                return value;
            }
        }
    }

    /** A whole number of 8 bytes. */
    public long integer64() {
        take(Long.BYTES);
        long value = 0;
        for (int i = 1; i <= Long.BYTES; i++) {
            value = value << Byte.SIZE | bytes[at - i] & 0xFF;
        }
        return value;
    }

    /** A number. */
    public double real() {
        return Double.longBitsToDouble(integer64());
    }

    /** A text. */
    public String text() {
        int form = octet();
        byte[] blob = blob();
        return switch (form) {
            case RecordWriter.NARROW -> new String(blob, StandardCharsets.ISO_8859_1);
            case RecordWriter.UTF_8 -> new String(blob, StandardCharsets.UTF_8);
            default -> {
                char[] text = new char[blob.length / 2];
                for (int i = 0; i < text.length; i++) {
                    text[i] = (char) ((blob[2 * i] & 0xFF) << Byte.SIZE | blob[2 * i + 1] & 0xFF);
                }
                yield new String(text);
            }
        };
    }

    /** Bytes. */
    public byte[] blob() {
        int length = integer();
        take(length);
        return Arrays.copyOfRange(bytes, at - length, at);
    }

    /** Whole numbers. */
    public int[] integers() {
        int[] values = new int[count()];
        for (int i = 0; i < values.length; i++) {
            values[i] = integer();
        }
        return values;
    }

    /** How many of something follow, each of which takes a byte at least. */
    int count() {
        int count = integer();
        if (count < 0 || count > bytes.length - at) {
            throw new IllegalStateException("a record speaks of " + count + " values where " + (bytes.length - at)
                    + " bytes are left: it is read in another way than written");
        }
        return count;
    }

    /** Numbers. */
    public float[] reals() {
        float[] values = new float[count()];
        for (int i = 0; i < values.length; i++) {
            take(Float.BYTES);
            int bits = 0;
            for (int b = 1; b <= Float.BYTES; b++) {
                bits = bits << Byte.SIZE | bytes[at - b] & 0xFF;
            }
            values[i] = Float.intBitsToFloat(bits);
        }
        return values;
    }

    /** A set of places. */
    public BitSet places() {
        BitSet set = new BitSet();
        int runs = count();
        int place = 0;
        for (int i = 0; i < runs; i++) {
            int from = place + integer();
            place = from + integer();
            set.set(from, place);
        }
        return set;
    }

    /** Whether all is read. */
    boolean isAtEnd() {
        return at == bytes.length;
    }
}
