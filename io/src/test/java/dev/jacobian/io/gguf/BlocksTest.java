// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io.gguf;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jacobian.tensor.Rng;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The numbers of blocks: some computed by hand, all of random blocks by the place of each bit. */
class BlocksTest {
    private static final short ONE = 0x3C00;
    private static final short HALF = 0x3800;

    private static ByteBuffer block(GgufType type) {
        return ByteBuffer.allocate(type.blockBytes()).order(ByteOrder.LITTLE_ENDIAN);
    }

    private static float[] decode(GgufType type, ByteBuffer block) {
        float[] out = new float[type.block()];
        GgufFile.decode(type, block.array(), out, 0, 1);
        return out;
    }

    @Test
    void q8() {
        ByteBuffer block =
                block(GgufType.Q8_0).putShort(0, HALF).put(2, (byte) -128).put(33, (byte) 127);
        float[] out = decode(GgufType.Q8_0, block);
        assertThat(new float[] {out[0], out[1], out[31]}).containsExactly(-64, 0, 63.5f);
    }

    @Test
    @DisplayName("the two halves of a byte are 16 numbers apart")
    void q4() {
        ByteBuffer block =
                block(GgufType.Q4_0).putShort(0, ONE).put(2, (byte) 0xF1).put(17, (byte) 0x08);
        float[] out = decode(GgufType.Q4_0, block);
        assertThat(new float[] {out[0], out[16], out[15], out[31]}).containsExactly(-7, 7, 0, -8);
    }

    @Test
    void minimaAndFifthBits() {
        ByteBuffer q41 = block(GgufType.Q4_1).putShort(0, ONE).putShort(2, HALF).put(4, (byte) 0x2F);
        assertThat(decode(GgufType.Q4_1, q41)[0]).isEqualTo(15.5f);
        assertThat(decode(GgufType.Q4_1, q41)[16]).isEqualTo(2.5f);
        ByteBuffer q50 =
                block(GgufType.Q5_0).putShort(0, ONE).putInt(2, 1 << 31 | 1).put(6, (byte) 0x03);
        assertThat(decode(GgufType.Q5_0, q50)[0]).isEqualTo(3);
        assertThat(decode(GgufType.Q5_0, q50)[1]).isEqualTo(-16);
        assertThat(decode(GgufType.Q5_0, q50)[31]).isZero();
        ByteBuffer q51 = block(GgufType.Q5_1)
                .putShort(0, ONE)
                .putShort(2, HALF)
                .putInt(4, 2)
                .put(8, (byte) 0x0F);
        assertThat(decode(GgufType.Q5_1, q51)[0]).isEqualTo(15.5f);
        assertThat(decode(GgufType.Q5_1, q51)[1]).isEqualTo(16.5f);
    }

    @Test
    void mxfp4() {
        ByteBuffer block = block(GgufType.MXFP4).put(0, (byte) 128).put(1, (byte) 0x97);
        float[] out = decode(GgufType.MXFP4, block);
        assertThat(new float[] {out[0], out[16], out[1]}).containsExactly(12, -1, 0);
        assertThat(decode(GgufType.MXFP4, block.put(0, (byte) 255))[0]).isNaN();
        assertThat(decode(GgufType.MXFP4, block.put(0, (byte) 0))[0]).isEqualTo(6 * 0x1p-127f);
    }

    @Test
    void q4K() {
        ByteBuffer block = block(GgufType.Q4_K).putShort(0, ONE).putShort(2, HALF);
        block.put(4, (byte) (10 | 2 << 6))
                .put(8, (byte) (3 | 1 << 6))
                .put(12, (byte) 0x5C)
                .put(16, (byte) 0x21);
        float[] out = decode(GgufType.Q4_K, block);
        assertThat(out[0]).isEqualTo(10 * 1 - 0.5f * 3);
        assertThat(out[32]).isEqualTo(0); // scale and minimum of group 1 are 0
        // Group 4: scale 0xC + upper bits 2, minimum 0x5 + upper bits 1; its first number is 0.
        assertThat(out[128]).isEqualTo(-0.5f * (5 + 16));
        block.put(80, (byte) 1);
        assertThat(decode(GgufType.Q4_K, block)[128]).isEqualTo(12 + 32 - 0.5f * 21);
    }

    @Test
    void q6K() {
        ByteBuffer block = block(GgufType.Q6_K).putShort(208, ONE);
        for (int i = 0; i < 16; i++) {
            block.put(192 + i, (byte) (i - 8));
        }
        block.put(0, (byte) 0xA5).put(128, (byte) 0b11_10_01_00);
        float[] out = decode(GgufType.Q6_K, block);
        assertThat(out[0]).isEqualTo(-8 * (5 - 32));
        assertThat(out[32]).isEqualTo(-6 * ((1 << 4) - 32));
        assertThat(out[64]).isEqualTo(-4 * (10 + (2 << 4) - 32));
        assertThat(out[96]).isEqualTo(-2 * ((3 << 4) - 32));
        assertThat(out[255]).isEqualTo(7 * -32);
    }

    @ParameterizedTest
    @EnumSource(names = {"Q2_K", "Q3_K", "Q4_K", "Q5_K", "Q6_K"})
    @DisplayName("random blocks, each number from the place of its bits")
    void randomSuperBlocks(GgufType type) {
        for (int trial = 0; trial < 200; trial++) {
            byte[] in = new byte[type.blockBytes()];
            for (int i = 0; i < in.length; i++) {
                in[i] = (byte) (Rng.uniform(7, type.id(), trial, i, 0) * 256);
            }
            for (int half : halves(type)) {
                in[half + 1] = (byte) (in[half + 1] & 0x3F); // no infinity
            }
            float[] out = new float[256];
            GgufFile.decode(type, in, out, 0, 1);
            for (int n = 0; n < 256; n++) {
                assertThat(out[n]).as("block %d, number %d", trial, n).isEqualTo(number(type, in, n));
            }
        }
    }

    private static int[] halves(GgufType type) {
        return switch (type) {
            case Q2_K -> new int[] {80, 82};
            case Q3_K -> new int[] {108};
            case Q6_K -> new int[] {208};
            default -> new int[] {0, 2};
        };
    }

    private static int bits(byte[] in, int at, int shift, int count) {
        return (in[at] & 0xFF) >> shift & (1 << count) - 1;
    }

    private static float half(byte[] in, int at) {
        return Float.float16ToFloat((short) (in[at] & 0xFF | in[at + 1] << 8));
    }

    private static float number(GgufType type, byte[] in, int n) {
        int group = n / 32;
        int l = n % 32;
        int side = n / 128; // halves of 128
        return switch (type) {
            case Q2_K -> {
                int q = bits(in, 16 + 32 * side + l, n % 128 / 32 * 2, 2);
                yield half(in, 80) * bits(in, n / 16, 0, 4) * q - half(in, 82) * bits(in, n / 16, 4, 4);
            }
            case Q3_K -> {
                int k = n / 16;
                int q = bits(in, 32 + 32 * side + l, n % 128 / 32 * 2, 2)
                        - 4
                        + 4 * bits(in, l, 4 * side + n % 128 / 32, 1);
                int scale = bits(in, 96 + k % 8, k < 8 ? 0 : 4, 4) + 16 * bits(in, 104 + k % 4, 2 * (k / 4), 2);
                yield half(in, 108) * (scale - 32) * q;
            }
            case Q4_K ->
                half(in, 0) * six(in, group, true) * bits(in, 16 + group / 2 * 32 + l, group % 2 * 4, 4)
                        - half(in, 2) * six(in, group, false);
            case Q5_K -> {
                int q = bits(in, 48 + group / 2 * 32 + l, group % 2 * 4, 4) + 16 * bits(in, 16 + l, group, 1);
                yield half(in, 0) * six(in, group, true) * q - half(in, 2) * six(in, group, false);
            }
            default -> {
                int row = n % 128 / 32;
                int q = bits(in, 64 * side + l + row % 2 * 32, row / 2 * 4, 4)
                        + 16 * bits(in, 128 + 32 * side + l, 2 * row, 2);
                yield half(in, 208) * in[192 + 8 * side + 2 * row + l / 16] * (q - 32);
            }
        };
    }

    private static int six(byte[] in, int k, boolean scale) {
        if (k < 4) {
            return bits(in, 4 + k + (scale ? 0 : 4), 0, 6);
        }
        return bits(in, 8 + k, scale ? 0 : 4, 4) + 16 * bits(in, 4 + k - (scale ? 4 : 0), 6, 2);
    }
}
