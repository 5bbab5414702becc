// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class HalfFloatsTest {
    @Test
    void everyBfloat16SurvivesTheRoundTrip() {
        for (int bits = 0; bits <= 0xFFFF; bits++) {
            float value = HalfFloats.bfloat16ToFloat((short) bits);
            short back = HalfFloats.floatToBfloat16(value);
            if (Float.isNaN(value)) {
                assertThat(HalfFloats.bfloat16ToFloat(back)).isNaN();
            } else {
                assertThat(back & 0xFFFF).isEqualTo(bits);
            }
        }
    }

    @Test
    void roundsToTheNearestTiesToEven() {
        // Between each finite bfloat16 and the next: below, at and above the middle.
        for (int bits = 0; bits < 0x7F80; bits++) {
            int low = bits << 16;
            int nearestOfTie = (bits & 1) == 0 ? bits : bits + 1;
            assertThat(HalfFloats.floatToBfloat16(Float.intBitsToFloat(low | 0x7FFF)) & 0xFFFF)
                    .isEqualTo(bits);
            assertThat(HalfFloats.floatToBfloat16(Float.intBitsToFloat(low | 0x8000)) & 0xFFFF)
                    .isEqualTo(nearestOfTie);
            assertThat(HalfFloats.floatToBfloat16(Float.intBitsToFloat(low | 0x8001)) & 0xFFFF)
                    .isEqualTo(bits + 1);
            assertThat(HalfFloats.floatToBfloat16(-Float.intBitsToFloat(low | 0x8001)) & 0xFFFF)
                    .isEqualTo(0x8000 | bits + 1);
        }
    }

    @Test
    void notANumberStaysSo() {
        for (int bits : new int[] {0x7F800001, 0x7FFFFFFF, 0xFF800001, 0xFFFFFFFF, 0x7FC00000}) {
            assertThat(HalfFloats.bfloat16ToFloat(HalfFloats.floatToBfloat16(Float.intBitsToFloat(bits))))
                    .isNaN();
        }
    }

    @Test
    void tensorsConvertBothWays() {
        float[] values = {0f, 1f, -2.5f, 65504f, 1e-7f, Float.POSITIVE_INFINITY, 3.14159f};
        Tensor x = Tensor.of(values, values.length);
        Tensor half = x.to(DType.F16);
        Tensor brain = x.to(DType.BF16);
        for (int i = 0; i < values.length; i++) {
            assertThat(half.shorts()[i]).isEqualTo(Float.floatToFloat16(values[i]));
            assertThat(brain.shorts()[i]).isEqualTo(HalfFloats.floatToBfloat16(values[i]));
            assertThat(half.to(DType.F32).get(i)).isEqualTo(Float.float16ToFloat(half.shorts()[i]));
            assertThat(half.to(DType.BF16).shorts()[i])
                    .isEqualTo(HalfFloats.floatToBfloat16(Float.float16ToFloat(half.shorts()[i])));
        }
        assertThat(x.to(DType.F32)).isSameAs(x);
    }
}
