// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.parquet.codec;

import dev.jacobian.parquet.format.Corrupt;
import dev.jacobian.tensor.Nullable;
import java.util.Arrays;

/**
 * Zstandard (RFC 8878): frames of blocks, a block being bytes, one byte repeated, or literals with {@link Sequences}.
 *
 * <p>Dictionaries are not read: Parquet has none. A frame's checksum is passed over: a page has one of its own, if its writer cared.
 */
final class Zstd {
    private static final int MAGIC = 0xFD2FB528;
    private static final int SKIPPABLE = 0x184D2A50;
    private static final int LARGEST_BLOCK = 128 << 10;

    private final byte[] in;
    private final int to;
    private final Output out;
    private int at;

    private @Nullable Huffman code;
    private Sequences sequences = new Sequences();

    Zstd(byte[] in, int from, int to, Output out) {
        this.in = in;
        this.at = from;
        this.to = to;
        this.out = out;
    }

    void decompress() {
        while (at < to) {
            int magic = (int) number(4);
            if ((magic & ~15) == SKIPPABLE) {
                long length = number(4);
                require(length <= to - at);
                at += (int) length;
            } else if (magic == MAGIC) {
                frame();
            } else {
                throw new Corrupt("a Zstandard page does not begin as one");
            }
        }
    }

    private void frame() {
        code = null;
        sequences = new Sequences();
        int descriptor = (int) number(1);
        boolean single = (descriptor >>> 5 & 1) == 1;
        require((descriptor & 8) == 0);
        if (!single) {
            number(1); // the window: all that came before is kept
        }
        if (number(new int[] {0, 1, 2, 4}[descriptor & 3]) != 0) {
            throw new Corrupt("a Zstandard page asks for a dictionary");
        }
        number(new int[] {single ? 1 : 0, 2, 4, 8}[descriptor >>> 6]); // the size, which the page's header has said
        boolean last;
        do {
            int header = (int) number(3);
            last = (header & 1) == 1;
            block(header >>> 1 & 3, header >>> 3);
        } while (!last);
        if ((descriptor & 4) != 0) {
            number(4);
        }
    }

    private void block(int type, int size) {
        require(size <= LARGEST_BLOCK);
        switch (type) {
            case 0 -> {
                require(size <= to - at);
                out.put(in, at, size);
                at += size;
            }
            case 1 -> out.fill((byte) number(1), size);
            case 2 -> {
                require(size <= to - at);
                compressed(at + size);
            }
            default -> throw new Corrupt("a Zstandard page has a block of a type that there is not");
        }
    }

    private void compressed(int end) {
        int header = (int) peek(1, end);
        int type = header & 3;
        int format = header >>> 2 & 3;
        byte[] literals;
        if (type < 2) {
            int bytes = (format & 1) == 0 ? 1 : format == 1 ? 2 : 3;
            int count = (int) (peek(bytes, end) >>> (bytes == 1 ? 3 : 4));
            at += bytes;
            require(count <= LARGEST_BLOCK);
            literals = new byte[count];
            if (type == 1) {
                Arrays.fill(literals, (byte) peek(1, end));
                at++;
            } else {
                require(count <= end - at);
                System.arraycopy(in, at, literals, 0, count);
                at += count;
            }
        } else {
            literals = huffman(type == 3, format, end);
        }
        sequences.execute(in, at, end, literals, literals.length, out);
        at = end;
    }

    private byte[] huffman(boolean sameCode, int format, int end) {
        int bytes = format < 2 ? 3 : format + 2;
        int width = format < 2 ? 10 : format == 2 ? 14 : 18;
        long header = peek(bytes, end);
        at += bytes;
        int count = (int) (header >>> 4 & (1L << width) - 1);
        int compressed = (int) (header >>> 4 + width & (1L << width) - 1);
        require(count <= LARGEST_BLOCK && compressed <= end - at);
        int stop = at + compressed;
        if (!sameCode) {
            Huffman.Read read = Huffman.read(in, at, stop);
            code = read.code();
            at = read.end();
        }
        Huffman known = code;
        if (known == null) {
            throw new Corrupt("a Zstandard page repeats a table before there is one");
        }
        byte[] literals = new byte[count];
        if (format == 0) {
            known.decode(in, at, stop, literals, 0, count);
        } else {
            four(known, stop, literals);
        }
        at = stop;
        return literals;
    }

    /** Four streams, whose lengths stand before them, of a quarter of the literals each. */
    private void four(Huffman known, int stop, byte[] literals) {
        require(stop - at >= 6);
        int from = at + 6;
        int quarter = (literals.length + 3) / 4;
        require(3 * quarter <= literals.length);
        for (int i = 0; i < 4; i++) {
            int length = i < 3 ? (in[at + 2 * i] & 255) | (in[at + 2 * i + 1] & 255) << 8 : stop - from;
            require(length <= stop - from);
            int count = i < 3 ? quarter : literals.length - 3 * quarter;
            known.decode(in, from, from + length, literals, i * quarter, count);
            from += length;
        }
    }

    private long number(int bytes) {
        long value = peek(bytes, to);
        at += bytes;
        return value;
    }

    private long peek(int bytes, int end) {
        require(bytes <= end - at);
        long value = 0;
        for (int i = 0; i < bytes; i++) {
            value |= (in[at + i] & 255L) << Byte.SIZE * i;
        }
        return value;
    }

    private static void require(boolean holds) {
        if (!holds) {
            throw new Corrupt("a Zstandard page is cut short or broken");
        }
    }
}
