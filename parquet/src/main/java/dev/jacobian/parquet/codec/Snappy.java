// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.parquet.codec;

import dev.jacobian.parquet.format.Corrupt;

/** Snappy's raw format: the length, then literals and copies of what came before, told apart by the two lowest bits of a tag. */
final class Snappy {
    private static final int LONGEST_IN_TAG = 60;

    private Snappy() {}

    static void decompress(byte[] in, int from, int to, Output out) {
        int at = from;
        for (int shift = 0; ; shift += 7) { // the length again, which the page's header has said
            if (at >= to || shift > 28) {
                throw new Corrupt("a Snappy page has no length");
            }
            if (in[at++] >= 0) {
                break;
            }
        }
        while (at < to) {
            int tag = in[at++] & 255;
            int bytes = switch (tag & 3) {
                case 0 -> Math.max(0, (tag >>> 2) - LONGEST_IN_TAG + 1);
                case 1 -> 1;
                case 2 -> 2;
                default -> 4;
            };
            if (bytes > to - at) {
                throw new Corrupt("a Snappy page ends in the middle of a tag");
            }
            int number = 0;
            for (int i = 0; i < bytes; i++) {
                number |= (in[at++] & 255) << Byte.SIZE * i;
            }
            if ((tag & 3) != 0) {
                boolean isShort = (tag & 3) == 1;
                out.repeat(
                        isShort ? (tag >>> 5) << 8 | number : number, isShort ? (tag >>> 2 & 7) + 4 : (tag >>> 2) + 1);
                continue;
            }
            int length = (bytes == 0 ? tag >>> 2 : number) + 1;
            if (length < 1 || length > to - at) {
                throw new Corrupt("a Snappy page ends in the middle of its literals");
            }
            out.put(in, at, length);
            at += length;
        }
    }
}
