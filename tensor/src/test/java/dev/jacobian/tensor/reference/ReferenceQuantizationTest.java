// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.reference;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.jacobian.tensor.Numbers;
import dev.jacobian.tensor.PackedMatrix;
import dev.jacobian.tensor.Rng;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.tensor.WeightFormat;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Blocks computed by hand, error bounds, and input that cannot be quantized. */
class ReferenceQuantizationTest {
    private static float[] block(float... first) {
        return Arrays.copyOf(first, ReferenceQuantization.BLOCK);
    }

    @Test
    void aBlockOfQ8ByHand() {
        // d = 254 / 127 = 2 exactly; 3/2 and -3/2 are halves and go away from zero
        byte[] stored = new byte[32];
        short scale = ReferenceQuantization.quantize(
                WeightFormat.Q8_0, block(254, -254, 3, -3, 2.9f, -2.9f, 1, -1, 0.99f), stored, 0, 0);
        assertThat(Float.float16ToFloat(scale)).isEqualTo(2f);
        int[] q = {127, -127, 2, -2, 1, -1, 1, -1, 0, 0};
        for (int i = 0; i < q.length; i++) {
            assertThat((stored[i] & 0xFF) - 128).as("q[" + i + "]").isEqualTo(q[i]);
            assertThat(ReferenceQuantization.value(WeightFormat.Q8_0, stored[i], scale))
                    .isEqualTo(2f * q[i]);
        }
    }

    @Test
    void aBlockOfQ4ByHand() {
        // the number of largest magnitude is -16, so d = 2; +16 would be q = 16 and is cut to 15
        byte[] stored = new byte[32];
        short scale = ReferenceQuantization.quantize(
                WeightFormat.Q4_0, block(-16, 16, 14, 13, 12.9f, 1, -1, -1.1f, 0), stored, 0, 0);
        assertThat(Float.float16ToFloat(scale)).isEqualTo(2f);
        int[] q = {0, 15, 15, 15, 14, 9, 8, 7, 8};
        for (int i = 0; i < q.length; i++) {
            assertThat(stored[i]).as("q[" + i + "]").isEqualTo((byte) q[i]);
        }
        // and with the sign the other way, d is negative
        scale = ReferenceQuantization.quantize(WeightFormat.Q4_0, block(16, -15, 0), stored, 0, 0);
        assertThat(Float.float16ToFloat(scale)).isEqualTo(-2f);
        assertThat(Arrays.copyOf(stored, 3)).containsExactly(0, 15, 8);
        assertThat(ReferenceQuantization.value(WeightFormat.Q4_0, stored[0], scale))
                .isEqualTo(16f);
        float zero = ReferenceQuantization.value(WeightFormat.Q4_0, stored[2], scale);
        assertThat(Float.floatToRawIntBits(zero)).as("a zero is +0").isZero();
    }

    @Test
    void aBlockOfZerosStaysZero() {
        for (WeightFormat format : new WeightFormat[] {WeightFormat.Q8_0, WeightFormat.Q4_0}) {
            byte[] stored = new byte[32];
            short scale = ReferenceQuantization.quantize(format, block(), stored, 0, 0);
            for (byte one : stored) {
                assertThat(Float.floatToRawIntBits(ReferenceQuantization.value(format, one, scale)))
                        .isZero();
            }
        }
    }

    @ParameterizedTest
    @EnumSource(mode = EnumSource.Mode.MATCH_NONE, names = ".*_K")
    void theErrorIsBounded(WeightFormat format) {
        Tensor x = Numbers.normal(new Rng(70, 0), 320, 50); // [K, N]
        Tensor y = ReferenceQuantization.rounded(x, format); // [K, N]
        for (int j = 0; j < 50; j++) {
            for (int p = 0; p < 320; p += 32) {
                float largest = 0;
                for (int i = 0; i < 32; i++) {
                    largest = Math.max(largest, Math.abs(x.get(p + i, j)));
                }
                for (int i = 0; i < 32; i++) {
                    float number = x.get(p + i, j);
                    float bound = switch (format) {
                        case F32 -> 0f;
                        case BF16 -> Math.abs(number) / 256; // half of 2^-7
                        // half a step, and the rounding of the scale times up to 127 steps
                        case Q8_0 -> largest * (0.5f / 127 + 0x1p-11f);
                        // half a step, or a whole one at the end that 4 bits do not reach
                        case Q4_0 -> largest * (1f / 8 + 0x1p-11f);
                        case Q4_K, Q6_K -> throw new AssertionError(format);
                    };
                    assertThat(Math.abs(y.get(p + i, j) - number))
                            .as(format + " of " + number)
                            .isLessThanOrEqualTo(bound * 1.0001f);
                }
            }
        }
    }

    @ParameterizedTest
    @EnumSource(mode = EnumSource.Mode.MATCH_NONE, names = ".*_K")
    void whatAFormatExpressesItKeeps(WeightFormat format) {
        Tensor x = Numbers.normal(new Rng(71, 0), 64, 7); // [K, N]
        Tensor once = ReferenceQuantization.rounded(x, WeightFormat.BF16); // [K, N]
        if (format == WeightFormat.BF16 || format == WeightFormat.F32) {
            Numbers.assertSameBits(ReferenceQuantization.rounded(once, format), once, format.toString());
        } else {
            // integers times a power of two, the extreme among them, so that d is that power
            int extreme = format == WeightFormat.Q8_0 ? 127 : -8;
            Tensor grid = Tensor.zeros(32, 1); // [K, 1]
            for (int i = 0; i < 32; i++) {
                grid.floats()[i] = 0.25f * (i == 5 ? extreme : i % 15 - 7);
            }
            Numbers.assertSameBits(ReferenceQuantization.rounded(grid, format), grid, format.toString());
        }
    }

    @ParameterizedTest
    @ValueSource(floats = {Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY})
    void whatIsNoNumberIsRefused(float bad) {
        Tensor x = Tensor.zeros(40, 3); // [K, N]
        x.floats()[35 * 3 + 2] = bad;
        for (WeightFormat format : new WeightFormat[] {WeightFormat.Q8_0, WeightFormat.Q4_0}) {
            assertThatThrownBy(() -> ReferenceBackend.create().matrices().pack(x, format))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("[35, 2]")
                    .hasMessageContaining(format.toString())
                    .hasMessageContaining("BF16");
        }
    }

    @Test
    void aMagnitudeBeyondTheScaleIsRefused() {
        Tensor x = Tensor.zeros(32, 1); // [K, 1]
        x.floats()[3] = -1e7f;
        assertThatThrownBy(() -> ReferenceBackend.create().matrices().pack(x, WeightFormat.Q8_0))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("1.0E7")
                .hasMessageContaining("F16 scale");
    }

    @Test
    void aPackedMatrixSaysWhatItIs() {
        PackedMatrix packed = ReferenceBackend.create().matrices().pack(Tensor.zeros(40, 3), WeightFormat.Q4_0);
        assertThat(packed.rows()).isEqualTo(40);
        assertThat(packed.columns()).isEqualTo(3);
        assertThat(packed.format()).isEqualTo(WeightFormat.Q4_0);
        assertThat(WeightFormat.parse("Q4_0")).isEqualTo(WeightFormat.Q4_0);
        assertThatThrownBy(() -> WeightFormat.parse("q5"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("q5")
                .hasMessageContaining("f32, bf16, q8_0 or q4_0");
    }
}
