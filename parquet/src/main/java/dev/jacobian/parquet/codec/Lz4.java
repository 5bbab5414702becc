// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.parquet.codec;

import dev.jacobian.parquet.format.Corrupt;

/** A block of LZ4: literals and a copy of what came before, again and again; the last literals have no copy behind them. */
final class Lz4 {
    private static final int SHORTEST_COPY = 4;
    private static final int GOES_ON = 15;

    private final byte[] in;
    private final int to;
    private int at;

    private Lz4(byte[] in, int from, int to) {
        this.in = in;
        this.at = from;
        this.to = to;
    }

    static void decompress(byte[] in, int from, int to, Output out) {
        new Lz4(in, from, to).into(out);
    }

    private void into(Output out) {
        while (at < to) {
            int token = next();
            int literals = length(token >>> 4);
            if (literals > to - at) {
                throw new Corrupt("an LZ4 page ends in the middle of its literals");
            }
            out.put(in, at, literals);
            at += literals;
            if (at == to) {
                return;
            }
            int back = next() | next() << 8;
            out.repeat(back, Math.addExact(length(token & 15), SHORTEST_COPY));
        }
    }

    private int length(int first) {
        int length = first;
        for (int more = 255; first == GOES_ON && more == 255; length += more) {
            more = next();
            if (length > Integer.MAX_VALUE - 512) {
                throw new Corrupt("an LZ4 page has a run of more than 2 GiB");
            }
        }
        return length;
    }

    private int next() {
        if (at >= to) {
            throw new Corrupt("an LZ4 page ends in the middle of a run");
        }
        return in[at++] & 255;
    }
}
