// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io.gguf;

import java.nio.ByteBuffer;

/**
 * Blocks of 32 numbers with one scale d in F16, and where the name ends in 1 a minimum m beside it.
 *
 * <p>Integers of 4 bits lie in 16 bytes: the low halves are numbers 0 to 15, the high halves 16 to 31, so the two of a byte are no
 * neighbours. A fifth bit of each is in a word of 32 bits before them. A number is {@code d · (q − offset)}, or {@code d · q + m}; zeros of the
 * formats that are also held as they are ({@code WeightFormat}) are +0, as there.
 */
final class PlainBlocks {
    /** Numbers of a block. */
    static final int SIZE = 32;

    private static final int HALF = SIZE / 2;

    /** Values of E2M1 times 2, by their code. */
    private static final int[] DOUBLED = {0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12};

    private PlainBlocks() {}

    /** {@code d}, 32 signed bytes. */
    static void q8(byte[] in, int at, float[] out, int to) {
        float d = half(in, at);
        for (int i = 0; i < SIZE; i++) {
            out[to + i] = d * in[at + 2 + i] + 0f;
        }
    }

    /** {@code d}, 16 bytes of halves; 8 is subtracted. */
    static void q4(byte[] in, int at, float[] out, int to) {
        float d = half(in, at);
        for (int i = 0; i < HALF; i++) {
            int pair = in[at + 2 + i];
            out[to + i] = d * ((pair & 0xF) - 8) + 0f;
            out[to + i + HALF] = d * ((pair >> 4 & 0xF) - 8) + 0f;
        }
    }

    /** {@code d}, {@code m}, 16 bytes of halves. */
    static void q4WithMinimum(byte[] in, int at, float[] out, int to) {
        float d = half(in, at);
        float m = half(in, at + 2);
        for (int i = 0; i < HALF; i++) {
            int pair = in[at + 4 + i];
            out[to + i] = d * (pair & 0xF) + m;
            out[to + i + HALF] = d * (pair >> 4 & 0xF) + m;
        }
    }

    /** {@code d}, the fifth bits, 16 bytes of halves; 16 is subtracted. */
    static void q5(byte[] in, int at, float[] out, int to) {
        float d = half(in, at);
        int fifth = word(in, at + 2);
        for (int i = 0; i < HALF; i++) {
            int pair = in[at + 6 + i];
            out[to + i] = d * ((pair & 0xF | (fifth >>> i & 1) << 4) - 16);
            out[to + i + HALF] = d * ((pair >> 4 & 0xF | (fifth >>> i + HALF & 1) << 4) - 16);
        }
    }

    /** {@code d}, {@code m}, the fifth bits, 16 bytes of halves. */
    static void q5WithMinimum(byte[] in, int at, float[] out, int to) {
        float d = half(in, at);
        float m = half(in, at + 2);
        int fifth = word(in, at + 4);
        for (int i = 0; i < HALF; i++) {
            int pair = in[at + 8 + i];
            out[to + i] = d * (pair & 0xF | (fifth >>> i & 1) << 4) + m;
            out[to + i + HALF] = d * (pair >> 4 & 0xF | (fifth >>> i + HALF & 1) << 4) + m;
        }
    }

    /** An exponent with a bias of 127, 16 bytes of E2M1 halves (OCP Microscaling Formats 1.0). */
    static void mxfp4(byte[] in, int at, float[] out, int to) {
        int exponent = in[at] & 0xFF;
        for (int i = 0; i < HALF; i++) {
            int pair = in[at + 1 + i];
            out[to + i] = e2m1(pair & 0xF, exponent);
            out[to + i + HALF] = e2m1(pair >> 4 & 0xF, exponent);
        }
    }

    private static float e2m1(int code, int exponent) {
        return exponent == 0xFF ? Float.NaN : Math.scalb((float) DOUBLED[code], exponent - 128);
    }

    /** Encodes 32 numbers as llama.cpp does: d = max|x| / 127, q = x · (1/d) to the nearest, halves away from zero. */
    static void putQ8(float[] in, int at, ByteBuffer out, String name) {
        float most = 0;
        for (int i = at; i < at + SIZE; i++) {
            most = Math.max(most, Math.abs(in[i]));
        }
        float d = most / 127f;
        out.putShort(scale(d, name));
        float inverse = inverse(d);
        for (int i = at; i < at + SIZE; i++) {
            float x = in[i] * inverse;
            int q = (int) (Math.abs(x) + 0.5f) * (x < 0 ? -1 : 1);
            out.put((byte) Math.clamp(q, -127, 127));
        }
    }

    /** Encodes 32 numbers as llama.cpp does: d = m / −8, m the one of largest magnitude; q = ⌊x · (1/d) + 8.5⌋, at most 15. */
    static void putQ4(float[] in, int at, ByteBuffer out, String name) {
        float extreme = 0;
        for (int i = at; i < at + SIZE; i++) {
            if (Math.abs(in[i]) > Math.abs(extreme)) {
                extreme = in[i];
            }
        }
        float d = extreme / -8f;
        out.putShort(scale(d, name));
        float inverse = inverse(d);
        for (int i = at; i < at + HALF; i++) {
            int low = Math.clamp((int) (in[i] * inverse + 8.5f), 0, 15);
            int high = Math.clamp((int) (in[i + HALF] * inverse + 8.5f), 0, 15);
            out.put((byte) (low | high << 4));
        }
    }

    private static short scale(float d, String name) {
        short bits = Float.floatToFloat16(d);
        if (Float.isInfinite(Float.float16ToFloat(bits))) {
            throw new IllegalArgumentException("tensor '" + name + "' has a block with the scale " + d
                    + ", which F16 cannot hold; store it as F32 or BF16");
        }
        return bits;
    }

    /** 1/d; 0 for no scale, and for one so small that it is 0 in F16 anyhow. */
    private static float inverse(float d) {
        float inverse = d == 0 ? 0 : 1 / d;
        return Float.isInfinite(inverse) ? 0 : inverse;
    }

    /** The F16 at a byte. */
    static float half(byte[] in, int at) {
        return Float.float16ToFloat((short) (in[at] & 0xFF | in[at + 1] << 8));
    }

    private static int word(byte[] in, int at) {
        return in[at] & 0xFF | (in[at + 1] & 0xFF) << 8 | (in[at + 2] & 0xFF) << 16 | in[at + 3] << 24;
    }
}
