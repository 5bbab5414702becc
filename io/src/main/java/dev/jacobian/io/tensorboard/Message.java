// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io.tensorboard;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.OptionalLong;

/** A message of protobuf, field by field: a tag of number and kind, then the value. */
final class Message {
    private static final int VARINT = 0;
    private static final int EIGHT_BYTES = 1;
    private static final int BYTES = 2;
    private static final int FOUR_BYTES = 5;
    private static final int KIND_BITS = 3;
    private static final int MAX_VARINT = 10;

    private final ByteArrayOutputStream out = new ByteArrayOutputStream();

    Message varint(int field, long value) {
        tag(field, VARINT);
        varint(value);
        return this;
    }

    Message number(int field, double value) {
        tag(field, EIGHT_BYTES);
        out.writeBytes(little(Double.BYTES).putDouble(value).array());
        return this;
    }

    Message number(int field, float value) {
        tag(field, FOUR_BYTES);
        out.writeBytes(little(Float.BYTES).putFloat(value).array());
        return this;
    }

    Message text(int field, String value) {
        return bytes(field, value.getBytes(StandardCharsets.UTF_8));
    }

    Message message(int field, Message value) {
        return bytes(field, value.toBytes());
    }

    byte[] toBytes() {
        return out.toByteArray();
    }

    private Message bytes(int field, byte[] value) {
        tag(field, BYTES);
        varint(value.length);
        out.writeBytes(value);
        return this;
    }

    private static ByteBuffer little(int bytes) {
        return ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
    }

    private void tag(int field, int kind) {
        varint((long) field << KIND_BITS | kind);
    }

    private void varint(long value) {
        long rest = value;
        while ((rest & ~0x7fL) != 0) {
            out.write((int) (rest & 0x7f | 0x80));
            rest >>>= 7;
        }
        out.write((int) rest);
    }

    /**
     * The value of a field that is a varint; 0 where the message lacks it, as the format has it, and empty where the bytes are no
     * message.
     */
    static OptionalLong varint(byte[] message, int field) {
        ByteBuffer in = ByteBuffer.wrap(message);
        long found = 0;
        while (in.hasRemaining()) {
            OptionalLong tag = varint(in);
            if (tag.isEmpty()) {
                return OptionalLong.empty();
            }
            int kind = (int) (tag.getAsLong() & (1 << KIND_BITS) - 1);
            OptionalLong value = kind == VARINT || kind == BYTES ? varint(in) : OptionalLong.of(0);
            long skipped = switch (kind) {
                case VARINT -> 0;
                case EIGHT_BYTES -> Double.BYTES;
                case BYTES -> value.orElse(-1);
                case FOUR_BYTES -> Float.BYTES;
                default -> -1;
            };
            if (value.isEmpty() || skipped < 0 || skipped > in.remaining()) {
                return OptionalLong.empty();
            }
            in.position(in.position() + (int) skipped);
            if (tag.getAsLong() == (long) field << KIND_BITS) {
                found = value.getAsLong();
            }
        }
        return OptionalLong.of(found);
    }

    private static OptionalLong varint(ByteBuffer in) {
        long value = 0;
        for (int i = 0; i < MAX_VARINT && in.hasRemaining(); i++) {
            byte next = in.get();
            value |= (next & 0x7fL) << 7 * i;
            if (next >= 0) {
                return OptionalLong.of(value);
            }
        }
        return OptionalLong.empty();
    }
}
