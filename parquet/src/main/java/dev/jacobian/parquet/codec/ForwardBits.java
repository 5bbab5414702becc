// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.parquet.codec;

import dev.jacobian.parquet.format.Corrupt;

/** Bits from the beginning of some bytes on, the lowest of each byte first. */
final class ForwardBits {
    private final byte[] in;
    private final int to;
    private long bit;

    ForwardBits(byte[] in, int from, int to) {
        this.in = in;
        this.to = to;
        this.bit = (long) from * Byte.SIZE;
    }

    int read(int count) {
        int value = 0;
        for (int i = 0; i < count; i++, bit++) {
            int place = (int) (bit >>> 3);
            if (place >= to) {
                throw new Corrupt("a Zstandard page ends in the middle of a table");
            }
            value |= (in[place] >>> (bit & 7) & 1) << i;
        }
        return value;
    }

    /** The place of the next byte of which nothing has been read. */
    int end() {
        return (int) (bit + 7 >>> 3);
    }
}
