// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io.quantized;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.jacobian.io.safetensors.SafetensorsException;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

class Mxfp4Test {
    private static final List<Long> ONE_BLOCK = List.of(1L, 1L, 1L, 16L);
    private static final List<Long> ONE_SCALE = List.of(1L, 1L, 1L);

    private static float[] numbers(byte[] block, int scale) {
        return Mxfp4.dequantize("file", ONE_BLOCK, block, ONE_SCALE, new byte[] {(byte) scale})
                .toFloatArray();
    }

    @Test
    @DisplayName("the low half of a byte comes first; all sixteen numbers; the scale is a power of two")
    void numbers() {
        byte[] block = new byte[16];
        for (int i = 0; i < 8; i++) {
            block[i] = (byte) (2 * i | 2 * i + 1 << 4);
        }
        float[] expected = {0, 0.5f, 1, 1.5f, 2, 3, 4, 6, -0f, -0.5f, -1, -1.5f, -2, -3, -4, -6};
        assertThat(Arrays.copyOf(numbers(block, 127), 16)).containsExactly(expected);
        assertThat(numbers(block, 130)[3]).isEqualTo(12f);
        assertThat(numbers(block, 127)[31]).isZero();
    }

    @Test
    @DisplayName("the smallest numbers are subnormal in F32 and exact, the largest finite")
    void extremes() {
        byte[] block = new byte[16];
        block[0] = 0x71; // 0.5, then 6
        assertThat(numbers(block, 0)[0]).isEqualTo(0x1p-128f);
        assertThat(numbers(block, 254)[0]).isEqualTo(0x1p126f);
        assertThat(numbers(block, 252)[1]).isEqualTo(6 * 0x1p125f);
    }

    @Test
    @DisplayName("a row's blocks lie one after the other, rows after each other")
    void rows() {
        byte[] blocks = new byte[2 * 2 * 16];
        for (int block = 0; block < 4; block++) {
            blocks[block * 16] = (byte) (block + 1);
        }
        byte[] scales = {127, 127, 127, 127};
        var tensor = Mxfp4.dequantize("file", List.of(2L, 2L, 16L), blocks, List.of(2L, 2L), scales);
        assertThat(tensor.shape().toArray()).containsExactly(2, 64);
        assertThat(tensor.get(0, 32)).isEqualTo(1f);
        assertThat(tensor.get(1, 0)).isEqualTo(1.5f);
        assertThat(tensor.get(1, 32)).isEqualTo(2f);
    }

    @Test
    @DisplayName("a scale that is NaN, and blocks that are not the scales', are refused")
    void refused() {
        assertThatThrownBy(() -> numbers(new byte[16], 255))
                .isInstanceOf(SafetensorsException.class)
                .hasMessageContaining("scale of block 0 is NaN");
        assertThatThrownBy(() -> Mxfp4.dequantize("file", ONE_BLOCK, new byte[16], List.of(1L, 1L, 2L), new byte[2]))
                .isInstanceOf(SafetensorsException.class)
                .hasMessageContaining("[1, 1, 1, 16]");
    }
}
