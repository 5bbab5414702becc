// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.reference;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class TanhTest {
    @Test
    void withinTwoUnitsOfTheLastPlace() {
        double worst = 0;
        for (float x = -12f; x < 12f; x += 0x1p-12f) {
            worst = Math.max(worst, error(x));
        }
        for (float x = 0x1p-120f; x < 1f; x *= 1.01f) {
            worst = Math.max(worst, Math.max(error(x), error(-x)));
        }
        assertThat(worst).as("error in units of the last place").isLessThan(2.0);
    }

    private static double error(float x) {
        double exact = StrictMath.tanh(x);
        return x == 0 ? 0 : Math.abs(Tanh.tanh(x) - exact) / Math.ulp((float) exact);
    }

    @Test
    void endsOfTheRange() {
        assertThat(Tanh.tanh(0f)).isEqualTo(0f);
        assertThat(Tanh.tanh(-0f)).isEqualTo(-0f);
        assertThat(Tanh.tanh(Float.MIN_VALUE)).isEqualTo(Float.MIN_VALUE);
        assertThat(Tanh.tanh(100f)).isEqualTo(1f);
        assertThat(Tanh.tanh(-100f)).isEqualTo(-1f);
        assertThat(Tanh.tanh(Float.POSITIVE_INFINITY)).isEqualTo(1f);
        assertThat(Tanh.tanh(Float.NEGATIVE_INFINITY)).isEqualTo(-1f);
        assertThat(Tanh.tanh(Float.NaN)).isNaN();
    }
}
