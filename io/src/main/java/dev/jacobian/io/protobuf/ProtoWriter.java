// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io.protobuf;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/** Writes a message field by field: a tag of number and kind, then the value. Values are written whatever they are, 0 too. */
public final class ProtoWriter {

    private final ByteArrayOutputStream out = new ByteArrayOutputStream();

    /** A whole number, a truth or an enum. */
    public ProtoWriter varint(int field, long value) {
        tag(field, ProtoReader.VARINT);
        varint(value);
        return this;
    }

    /** A double. */
    public ProtoWriter number(int field, double value) {
        tag(field, ProtoReader.EIGHT_BYTES);
        out.writeBytes(little(Double.BYTES).putDouble(value).array());
        return this;
    }

    /** A float. */
    public ProtoWriter number(int field, float value) {
        tag(field, ProtoReader.FOUR_BYTES);
        out.writeBytes(little(Float.BYTES).putFloat(value).array());
        return this;
    }

    /** A string. */
    public ProtoWriter text(int field, String value) {
        return bytes(field, value.getBytes(StandardCharsets.UTF_8));
    }

    /** A message inside this one. */
    public ProtoWriter message(int field, ProtoWriter value) {
        return bytes(field, value.toBytes());
    }

    /** The message so far. */
    public byte[] toBytes() {
        return out.toByteArray();
    }

    /** Bytes, or packed numbers. */
    public ProtoWriter bytes(int field, byte[] value) {
        tag(field, ProtoReader.BYTES);
        varint(value.length);
        out.writeBytes(value);
        return this;
    }

    private static ByteBuffer little(int bytes) {
        return ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
    }

    private void tag(int field, int kind) {
        varint((long) field << ProtoReader.KIND_BITS | kind);
    }

    private void varint(long value) {
        long rest = value;
        while ((rest & ~0x7fL) != 0) {
            out.write((int) (rest & 0x7f | 0x80));
            rest >>>= 7;
        }
        out.write((int) rest);
    }
}
