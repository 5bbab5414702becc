// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io.tensorboard;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Optional;
import java.util.zip.CRC32C;

/**
 * Framing of TFRecord, all of it little-endian: the length in 8 bytes, their checksum, the payload, its checksum.
 *
 * <p>A checksum is CRC-32C, rotated and displaced so that a checksum of data that contains checksums is none of theirs.
 */
final class Records {
    private static final int BEFORE = 12;
    private static final int AFTER = 4;
    private static final int ROTATION = 15;
    private static final int MASK = 0xa282ead8;

    private Records() {}

    /** A payload in its frame. */
    static ByteBuffer framed(byte[] payload) {
        ByteBuffer record = ByteBuffer.allocate(BEFORE + payload.length + AFTER).order(ByteOrder.LITTLE_ENDIAN);
        record.putLong(payload.length);
        record.putInt(checksum(record.array(), 0, Long.BYTES));
        record.put(payload);
        record.putInt(checksum(payload, 0, payload.length));
        return record.flip();
    }

    /**
     * The payload of the record that begins at the position, behind which the position then is. Empty where there is no whole one:
     * at the end, where a write was cut off, or where a checksum is wrong.
     *
     * @param file little-endian
     */
    static Optional<byte[]> next(ByteBuffer file) {
        int at = file.position();
        if (file.remaining() < BEFORE) {
            return Optional.empty();
        }
        long length = file.getLong(at);
        byte[] header = new byte[Long.BYTES];
        file.get(at, header);
        boolean fits = length >= 0 && length <= file.remaining() - BEFORE - AFTER;
        if (!fits || file.getInt(at + Long.BYTES) != checksum(header, 0, header.length)) {
            return Optional.empty();
        }
        byte[] payload = new byte[(int) length];
        file.get(at + BEFORE, payload);
        if (file.getInt(at + BEFORE + payload.length) != checksum(payload, 0, payload.length)) {
            return Optional.empty();
        }
        file.position(at + BEFORE + payload.length + AFTER);
        return Optional.of(payload);
    }

    /** The masked CRC-32C. */
    static int checksum(byte[] bytes, int from, int length) {
        CRC32C crc = new CRC32C();
        crc.update(bytes, from, length);
        return Integer.rotateRight((int) crc.getValue(), ROTATION) + MASK;
    }
}
