// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.parquet.encoding;

import dev.jacobian.parquet.format.Corrupt;

/**
 * Whole numbers as differences (encoding {@code DELTA_BINARY_PACKED}): blocks with a smallest difference each, of which what goes
 * beyond it is packed into bits, as many as a part of the block needs.
 */
public final class DeltaPacked {
    private static final int LARGEST_BLOCK = 1 << 20;

    private final Slice in;
    private final int perPart;
    private final int parts;
    private final long count;

    private int at;
    private long given;
    private long value;
    private long smallest;
    private int part; // of the block, the next one to begin
    private int[] widths = new int[0];
    private int width;
    private int leftInPart;
    private long bit;
    private int partEnd; // where the bits of the part that was begun end

    /** Reads the head; {@code in} may go on behind the last value. */
    public DeltaPacked(Slice in) {
        this.in = in;
        long block = varint();
        long inBlock = varint();
        if (block < 1 || block > LARGEST_BLOCK || inBlock < 1 || inBlock > block || block % inBlock != 0) {
            throw new Corrupt("differences stand in blocks of " + block + " in " + inBlock + " parts, which cannot be");
        }
        this.parts = (int) inBlock;
        this.perPart = (int) (block / inBlock);
        this.part = parts;
        this.count = varint();
        if (count < 0 || perPart % Byte.SIZE != 0) {
            throw new Corrupt("the head of its differences is no such head");
        }
        this.value = zigzag();
    }

    /** How many values there are. */
    public long count() {
        return count;
    }

    /** The next value. */
    public long next() {
        if (given >= count) {
            throw new Corrupt("a page has more values than differences");
        }
        if (given++ > 0) {
            value += difference();
        }
        return value;
    }

    /** The place behind the last value, in a reader of which none has been taken; takes them all. */
    int end() {
        while (given < count) {
            next();
        }
        return Math.max(at, partEnd);
    }

    private long difference() {
        if (leftInPart == 0) {
            nextPart();
        }
        leftInPart--;
        return smallest + bits();
    }

    private void nextPart() {
        if (part == parts) {
            at = Math.max(at, partEnd);
            smallest = zigzag();
            widths = new int[parts];
            for (int i = 0; i < parts; i++) {
                widths[i] = (int) in.number(at++, 1);
            }
            partEnd = at;
            part = 0;
        }
        width = widths[part++];
        if (width > Long.SIZE) {
            throw new Corrupt("differences are packed into " + width + " bits, and there are 64 at most");
        }
        leftInPart = perPart;
        bit = (long) partEnd << 3;
        long end = partEnd + (long) perPart / Byte.SIZE * width;
        if (end > in.length()) {
            throw new Corrupt("a page ends within its differences");
        }
        partEnd = (int) end;
    }

    private long bits() {
        long packed = 0;
        for (int got = 0; got < width; ) {
            int offset = (int) (bit & 7);
            int take = Math.min(Byte.SIZE - offset, width - got);
            int bits = (in.bytes()[in.from() + (int) (bit >>> 3)] & 255) >>> offset & (1 << take) - 1;
            packed |= (long) bits << got;
            got += take;
            bit += take;
        }
        return packed;
    }

    private long zigzag() {
        long number = varint();
        return number >>> 1 ^ -(number & 1);
    }

    private long varint() {
        long number = 0;
        for (int shift = 0; shift < Long.SIZE; shift += 7) {
            long next = in.number(at++, 1);
            number |= (next & 127) << shift;
            if (next < 128) {
                return number;
            }
        }
        throw new Corrupt("a number has more than 64 bits");
    }
}
