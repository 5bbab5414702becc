// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.parquet.codec;

import dev.jacobian.parquet.format.Corrupt;
import java.util.Arrays;

/**
 * What comes out of a decompressor: as many bytes as were announced. Memory grows with what has come, since the announcement is the
 * file's word.
 */
final class Output {
    private static final int FIRST = 1 << 12;

    private final int size;
    private byte[] bytes;
    private int at;

    /**
     * @param size announced
     * @param compressed bytes that go in
     */
    Output(int size, int compressed) {
        this.size = size;
        this.bytes = new byte[(int) Math.min(size, FIRST + 4L * compressed)];
    }

    int length() {
        return at;
    }

    void put(byte[] from, int offset, int count) {
        if (offset < 0 || count < 0 || offset > from.length - count) {
            throw new Corrupt("a compressed page ends before its data does");
        }
        reserve(count);
        System.arraycopy(from, offset, bytes, at, count);
        at += count;
    }

    void put(byte value) {
        reserve(1);
        bytes[at++] = value;
    }

    void fill(byte value, int count) {
        reserve(count);
        Arrays.fill(bytes, at, at + count, value);
        at += count;
    }

    /** Repeats what came {@code back} bytes ago, which may reach into what is being written. */
    void repeat(int back, int count) {
        if (back < 1 || back > at || count < 0) {
            throw new Corrupt("a compressed page repeats what lies before its beginning");
        }
        reserve(count);
        if (back >= count) {
            System.arraycopy(bytes, at - back, bytes, at, count);
            at += count;
            return;
        }
        for (int i = 0; i < count; i++) {
            bytes[at] = bytes[at - back];
            at++;
        }
    }

    /** All bytes, of which there must be as many as announced. */
    byte[] whole() {
        if (at != size) {
            throw new Corrupt("a page has " + at + " bytes when decompressed, and its header says " + size);
        }
        return bytes.length == size ? bytes : Arrays.copyOf(bytes, size);
    }

    private void reserve(int count) {
        if (count > size - at) {
            throw new Corrupt("a page has more than the " + size + " bytes that its header says");
        }
        if (at + count > bytes.length) {
            bytes = Arrays.copyOf(bytes, (int) Math.min(size, Math.max(at + (long) count, 2L * bytes.length)));
        }
    }
}
