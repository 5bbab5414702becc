// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.parquet.codec;

import dev.jacobian.parquet.format.Corrupt;

/**
 * Bits read from the end of some bytes to their beginning, as Zstandard's entropy coders write them. The highest set bit of the last
 * byte marks the end; bits before the beginning are zeros, and {@link #left} says that they were read.
 */
final class BackwardBits {
    private final byte[] in;
    private final int from;
    private long left;

    BackwardBits(byte[] in, int from, int to) {
        if (to <= from || in[to - 1] == 0) {
            throw new Corrupt("a Zstandard page has a stream of bits without its end mark");
        }
        this.in = in;
        this.from = from;
        this.left = (long) (to - from) * Byte.SIZE - Integer.numberOfLeadingZeros(in[to - 1] & 255) + 24 - 1;
    }

    /** How many bits there are yet; negative behind the beginning. */
    long left() {
        return left;
    }

    /** The next bits, 57 at most. */
    long read(int count) {
        left -= count;
        return bits(left, count);
    }

    /** The same without going on. */
    int peek(int count) {
        return (int) bits(left - count, count);
    }

    void skip(int count) {
        left -= count;
    }

    /** {@code count} bits from a place on, of which those before the beginning are zeros. */
    private long bits(long place, int count) {
        if (count == 0) {
            return 0;
        }
        long value = 0;
        int first = (int) (place >> 3);
        int last = (int) (place + count - 1 >> 3);
        for (int i = last; i >= first; i--) {
            value = value << Byte.SIZE | (i < 0 ? 0 : in[from + i] & 255L);
        }
        return value >>> (place & 7) & (1L << count) - 1;
    }
}
