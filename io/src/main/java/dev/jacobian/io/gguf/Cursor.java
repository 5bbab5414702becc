// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io.gguf;

import dev.jacobian.io.FormatException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;

/** A place in the bytes of a file that moves on as they are read, and never beyond their end. */
final class Cursor {
    private static final ValueLayout.OfShort SHORT =
            ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private final MemorySegment bytes;
    private final String file;
    private long at;
    private String place = "header"; // what is being read, for messages

    Cursor(MemorySegment bytes, String file) {
        this.bytes = bytes;
        this.file = file;
    }

    /** Says what comes next. */
    void reading(String what) {
        place = what;
    }

    /** Bytes read so far. */
    long position() {
        return at;
    }

    /** The file and the place in it. */
    String where() {
        return file + ", " + place + " (byte " + at + ")";
    }

    byte int8() {
        return bytes.get(ValueLayout.JAVA_BYTE, take(Byte.BYTES));
    }

    short int16() {
        return bytes.get(SHORT, take(Short.BYTES));
    }

    int int32() {
        return bytes.get(INT, take(Integer.BYTES));
    }

    long int64() {
        return bytes.get(LONG, take(Long.BYTES));
    }

    float float32() {
        return Float.intBitsToFloat(int32());
    }

    double float64() {
        return Double.longBitsToDouble(int64());
    }

    /** A length of 64 bits, and as many bytes of UTF-8. */
    String text() {
        long length = int64();
        if (length < 0 || length > bytes.byteSize() - at || length > Integer.MAX_VALUE - 8) {
            throw new FormatException(
                    where(),
                    "a string of " + Long.toUnsignedString(length) + " bytes, of which " + (bytes.byteSize() - at)
                            + " are left",
                    "The file was cut short or is broken; fetch it again");
        }
        byte[] utf8 = bytes.asSlice(take(length), length).toArray(ValueLayout.JAVA_BYTE);
        try {
            return StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(utf8))
                    .toString();
        } catch (CharacterCodingException e) {
            throw new FormatException(where(), "a string that is not UTF-8", "Convert the model again", e);
        }
    }

    /**
     * A number of things that follow.
     *
     * @param least bytes that each of them takes
     */
    int count(String things, int least) {
        long count = int64();
        if (count < 0 || count > (bytes.byteSize() - at) / least || count > Integer.MAX_VALUE - 8) {
            throw new FormatException(
                    where(),
                    Long.toUnsignedString(count) + " " + things + " cannot be in the " + (bytes.byteSize() - at)
                            + " bytes that are left",
                    "The file was cut short or is broken; fetch it again");
        }
        return (int) count;
    }

    private long take(long count) {
        if (count > bytes.byteSize() - at) {
            throw new FormatException(
                    where(),
                    "the file ends in the middle of it, after " + bytes.byteSize() + " bytes",
                    "The file was cut short; fetch it again");
        }
        long from = at;
        at += count;
        return from;
    }
}
