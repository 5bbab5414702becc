// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.parquet.encoding;

import dev.jacobian.parquet.format.Corrupt;

/**
 * Small numbers as runs of one value, or packed into as many bits as the largest one needs, whichever the writer chose (encoding
 * {@code RLE}).
 */
public final class Hybrid {
    private static final int GROUP = 8; // values whose bits end with a byte

    private final Slice in;
    private final int width;
    private int at;
    private long left; // values of the run
    private boolean packed;
    private int repeated;
    private long bit; // of the next packed value

    /**
     * @param in what was written
     * @param width bits of a value, 32 at most
     */
    public Hybrid(Slice in, int width) {
        if (width < 0 || width > Integer.SIZE) {
            throw new Corrupt("values are packed into " + width + " bits, and there are 32 at most");
        }
        this.in = in;
        this.width = width;
    }

    /** The bits that numbers up to a largest one need. */
    public static int width(int largest) {
        return Integer.SIZE - Integer.numberOfLeadingZeros(largest);
    }

    /** The next value. */
    public int next() {
        while (left == 0) {
            run();
        }
        left--;
        if (!packed) {
            return repeated;
        }
        int value = 0;
        for (int got = 0; got < width; ) {
            int place = (int) (bit >>> 3);
            if (place >= in.length()) {
                throw new Corrupt("a page ends within its packed values");
            }
            int offset = (int) (bit & 7);
            int take = Math.min(Byte.SIZE - offset, width - got);
            int bits = (in.bytes()[in.from() + place] & 255) >>> offset & (1 << take) - 1;
            value |= bits << got;
            got += take;
            bit += take;
        }
        if (left == 0) {
            at = (int) Math.min(in.length(), bit + 7 >>> 3);
        }
        return value;
    }

    private void run() {
        long header = varint();
        packed = (header & 1) == 1;
        if (packed) {
            left = (header >>> 1) * GROUP;
            bit = (long) at << 3;
            if ((header >>> 1) * width
                    > in.length() - at + (long) width) { // the last group may be cut behind its last value
                throw new Corrupt("a page ends within its packed values");
            }
            return;
        }
        left = header >>> 1;
        int bytes = Math.ceilDiv(width, Byte.SIZE);
        repeated = (int) in.number(at, bytes);
        at += bytes;
    }

    private long varint() {
        long value = 0;
        for (int shift = 0; shift < Integer.SIZE; shift += 7) {
            if (at >= in.length()) {
                throw new Corrupt("a page ends before its values do");
            }
            int next = in.bytes()[in.from() + at++] & 255;
            value |= (long) (next & 127) << shift;
            if (next < 128) {
                return value;
            }
        }
        throw new Corrupt("the length of a run has more than 32 bits");
    }
}
