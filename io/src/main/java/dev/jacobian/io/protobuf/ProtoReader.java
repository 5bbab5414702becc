// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io.protobuf;

import dev.jacobian.io.FormatException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.CharBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * Reads a message field by field.
 *
 * <pre>{@code
 * ProtoReader in = new ProtoReader(bytes, "the request");
 * while (in.next()) {
 *     switch (in.field()) {
 *         case 1 -> name = in.text();
 *         case 2 -> count = in.varint();
 *         default -> in.skip();
 *     }
 * }
 * }</pre>
 *
 * <p>Decisions: bytes are not copied, so a message costs its own length whatever it claims. Nothing calls itself: how deep messages lie in
 * one another is up to who reads them.
 */
public final class ProtoReader {
    static final int VARINT = 0;
    static final int EIGHT_BYTES = 1;
    static final int BYTES = 2;
    static final int FOUR_BYTES = 5;
    static final int KIND_BITS = 3;
    private static final int MAX_VARINT = 10;

    private final ByteBuffer in;
    private final String where;
    private int field;
    private int kind;

    /** @param where what is read, for messages */
    public ProtoReader(byte[] message, String where) {
        this(ByteBuffer.wrap(message), where);
    }

    private ProtoReader(ByteBuffer message, String where) {
        this.in = message.slice().order(ByteOrder.LITTLE_ENDIAN);
        this.where = where;
    }

    /**
     * Goes to the next field, whose value is to be read or skipped.
     *
     * @return whether there is one
     * @throws FormatException if what is there is no field
     */
    public boolean next() {
        if (!in.hasRemaining()) {
            return false;
        }
        long tag = readVarint();
        kind = (int) (tag & (1 << KIND_BITS) - 1);
        long number = tag >>> KIND_BITS;
        if (number < 1 || number >= 1 << 29) {
            throw broken("has a field of number " + number);
        }
        field = (int) number;
        return true;
    }

    /** The field's number. */
    public int field() {
        return field;
    }

    /** A whole number, a truth or an enum. */
    public long varint() {
        require(VARINT, "a whole number");
        return readVarint();
    }

    /** A whole number that fits into 32 bits. */
    public int varint32() {
        long value = varint();
        if (value != (int) value) {
            throw broken("has " + value + " in field " + field + ", which takes 32 bits");
        }
        return (int) value;
    }

    /** A double. */
    public double number64() {
        require(EIGHT_BYTES, "a double");
        requireLeft(Double.BYTES);
        return in.getDouble();
    }

    /** A float. */
    public float number32() {
        require(FOUR_BYTES, "a float");
        requireLeft(Float.BYTES);
        return in.getFloat();
    }

    /** A string. */
    public String text() {
        ByteBuffer value = bytes();
        try {
            CharBuffer text = StandardCharsets.UTF_8.newDecoder().decode(value);
            return text.toString();
        } catch (CharacterCodingException e) {
            throw broken("has a text in field " + field + " that is no UTF-8");
        }
    }

    /** Bytes, little-endian: a view of the message. */
    public ByteBuffer bytes() {
        require(BYTES, "bytes");
        return readBytes();
    }

    /** A message inside this one. */
    public ProtoReader message() {
        return new ProtoReader(bytes(), where);
    }

    /** Whole numbers of a repeated field, whether they came packed or this is one of them. */
    public List<Long> varints() {
        if (kind == VARINT) {
            return List.of(readVarint());
        }
        ProtoReader packed = message();
        List<Long> values = new ArrayList<>();
        while (packed.in.hasRemaining()) {
            values.add(packed.readVarint());
        }
        return values;
    }

    /** Passes over the field's value. */
    public void skip() {
        switch (kind) {
            case VARINT -> readVarint();
            case EIGHT_BYTES -> pass(Double.BYTES);
            case BYTES -> readBytes();
            case FOUR_BYTES -> pass(Float.BYTES);
            default -> throw broken("has a field of kind " + kind + ", which is none");
        }
    }

    private void pass(int bytes) {
        requireLeft(bytes);
        in.position(in.position() + bytes);
    }

    private ByteBuffer readBytes() {
        long length = readVarint();
        requireLeft(length);
        ByteBuffer value = in.slice(in.position(), (int) length).order(ByteOrder.LITTLE_ENDIAN);
        in.position(in.position() + (int) length);
        return value;
    }

    private long readVarint() {
        long value = 0;
        for (int i = 0; i < MAX_VARINT; i++) {
            requireLeft(1);
            byte next = in.get();
            value |= (next & 0x7fL) << 7 * i;
            if (next >= 0) {
                return value;
            }
        }
        throw broken("has a number of more than " + MAX_VARINT + " bytes");
    }

    private void require(int wanted, String what) {
        if (kind != wanted) {
            throw broken("has another kind of value (" + kind + ") than " + what + " in field " + field);
        }
    }

    private void requireLeft(long bytes) {
        if (bytes < 0 || bytes > in.remaining()) {
            throw broken("ends within a field: " + Long.toUnsignedString(bytes) + " bytes are asked for, "
                    + in.remaining() + " are left");
        }
    }

    private FormatException broken(String what) {
        return new FormatException(
                where, "is no protobuf message of its kind: it " + what, "Send it whole, as protobuf writes it");
    }
}
