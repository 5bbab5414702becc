// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io.gguf;

/**
 * Blocks of 256 numbers, the k-quants: groups of 16 or 32 numbers have scales of a few bits, which share one scale d in F16, and
 * where there are minima they share another.
 *
 * <p>A number is {@code d · scale · q}, or {@code d · scale · q − dmin · minimum}, in this order of operations.
 */
final class SuperBlocks {
    /** Numbers of a block. */
    static final int SIZE = 256;

    private static final int HALF = SIZE / 2;

    private SuperBlocks() {}

    /** 16 bytes of scale and minimum, 64 bytes of 2 bits, {@code d}, {@code dmin}. */
    static void q2(byte[] in, int at, float[] out, int to) {
        float d = PlainBlocks.half(in, at + 80);
        float dmin = PlainBlocks.half(in, at + 82);
        for (int group = 0; group < 16; group++) { // of 16 numbers
            float scale = d * (in[at + group] & 0xF);
            float minimum = dmin * (in[at + group] >> 4 & 0xF);
            int quants = at + 16 + twoBits(group);
            int shift = group % 8 / 2 * 2;
            for (int i = 0; i < 16; i++) {
                out[to + group * 16 + i] = scale * (in[quants + i] >> shift & 3) - minimum;
            }
        }
    }

    /** 32 bytes of third bits, 64 bytes of 2 bits, sixteen scales of 6 bits in 12 bytes, {@code d}. */
    static void q3(byte[] in, int at, float[] out, int to) {
        float d = PlainBlocks.half(in, at + 108);
        for (int group = 0; group < 16; group++) {
            int low = in[at + 96 + group % 8] >> (group < 8 ? 0 : 4) & 0xF;
            int high = in[at + 104 + group % 4] >> 2 * (group / 4) & 3;
            float scale = d * ((low | high << 4) - 32);
            int quants = at + 32 + twoBits(group);
            int shift = group % 8 / 2 * 2;
            int third = at + group % 2 * 16;
            int bit = group / 2;
            for (int i = 0; i < 16; i++) {
                int q = (in[quants + i] >> shift & 3) - ((in[third + i] >> bit & 1) == 0 ? 4 : 0);
                out[to + group * 16 + i] = scale * q;
            }
        }
    }

    /** The byte of a group's first number of 2 bits: in each half of 128 numbers, 32 bytes have four layers of 32 numbers. */
    private static int twoBits(int group) {
        return group / 8 * 32 + group % 2 * 16;
    }

    /** {@code d}, {@code dmin}, eight scales and minima of 6 bits in 12 bytes, 128 bytes of halves. */
    static void q4(byte[] in, int at, float[] out, int to) {
        float d = PlainBlocks.half(in, at);
        float dmin = PlainBlocks.half(in, at + 2);
        for (int group = 0; group < 8; group++) { // of 32 numbers
            float scale = d * scale(in, at + 4, group);
            float minimum = dmin * minimum(in, at + 4, group);
            int quants = at + 16 + group / 2 * 32;
            int shift = group % 2 * 4;
            for (int i = 0; i < 32; i++) {
                out[to + group * 32 + i] = scale * (in[quants + i] >> shift & 0xF) - minimum;
            }
        }
    }

    /** As Q4_K, with 32 bytes of fifth bits before the halves: bit g of byte i is that of number i of group g. */
    static void q5(byte[] in, int at, float[] out, int to) {
        float d = PlainBlocks.half(in, at);
        float dmin = PlainBlocks.half(in, at + 2);
        for (int group = 0; group < 8; group++) {
            float scale = d * scale(in, at + 4, group);
            float minimum = dmin * minimum(in, at + 4, group);
            int quants = at + 48 + group / 2 * 32;
            int shift = group % 2 * 4;
            for (int i = 0; i < 32; i++) {
                int q = in[quants + i] >> shift & 0xF | (in[at + 16 + i] >> group & 1) << 4;
                out[to + group * 32 + i] = scale * q - minimum;
            }
        }
    }

    /** Eight scales: four whole, four of which the two upper bits lie above those of the first four. */
    private static int scale(byte[] in, int at, int group) {
        return group < 4 ? in[at + group] & 63 : in[at + group + 4] & 0xF | (in[at + group - 4] >> 6 & 3) << 4;
    }

    private static int minimum(byte[] in, int at, int group) {
        return group < 4 ? in[at + group + 4] & 63 : in[at + group + 4] >> 4 & 0xF | (in[at + group] >> 6 & 3) << 4;
    }

    /** 128 bytes of low halves, 64 bytes of upper 2 bits, sixteen signed scales of a byte, {@code d}; 32 is subtracted. */
    static void q6(byte[] in, int at, float[] out, int to) {
        float d = PlainBlocks.half(in, at + 208);
        for (int half = 0; half < 2; half++) {
            int low = at + 64 * half;
            int high = at + 128 + 32 * half;
            int scales = at + 192 + 8 * half;
            for (int layer = 0; layer < 4; layer++) { // of 32 numbers
                int quants = low + layer % 2 * 32;
                int shift = layer / 2 * 4;
                for (int i = 0; i < 32; i++) {
                    int q = (in[quants + i] >> shift & 0xF | (in[high + i] >> 2 * layer & 3) << 4) - 32;
                    out[to + half * HALF + layer * 32 + i] =
                            d * in[scales + 2 * layer + i / 16] * q + 0f; // no −0, as it is held
                }
            }
        }
    }
}
