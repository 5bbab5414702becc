// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.reference;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class ExpTest {
    @Test
    void withinOneUnitOfTheLastPlaceWhereResultsAreNormal() {
        double worst = 0;
        for (float x = -87.3f; x < 88.7f; x += 0x1p-11f) {
            worst = Math.max(worst, error(x));
        }
        for (float x = 0x1p-30f; x < 1f; x *= 1.01f) {
            worst = Math.max(worst, Math.max(error(x), error(-x)));
        }
        assertThat(worst).as("error in units of the last place").isLessThan(1.0);
    }

    private static double error(float x) {
        double exact = StrictMath.exp(x);
        return Math.abs(Exp.exp(x) - exact) / Math.ulp((float) exact);
    }

    @Test
    void fadesOutThroughTheSubnormalNumbers() {
        for (float x = -104f; x <= -87.3f; x += 0x1p-10f) {
            double exact = StrictMath.exp(x);
            assertThat(Math.abs(Exp.exp(x) - exact))
                    .as("exp(%s)", x)
                    .isLessThanOrEqualTo(1.1 * Float.MIN_VALUE + exact * 0x1p-23);
        }
    }

    @Test
    void endsOfTheRange() {
        assertThat(Exp.exp(0f)).isEqualTo(1f);
        assertThat(Exp.exp(-0f)).isEqualTo(1f);
        assertThat(Exp.exp(Float.NEGATIVE_INFINITY)).isEqualTo(0f);
        assertThat(Exp.exp(-1000f)).isEqualTo(0f);
        assertThat(Exp.exp(Float.POSITIVE_INFINITY)).isEqualTo(Float.POSITIVE_INFINITY);
        assertThat(Exp.exp(1000f)).isEqualTo(Float.POSITIVE_INFINITY);
        assertThat(Exp.exp(88.8f)).isEqualTo(Float.POSITIVE_INFINITY);
        assertThat(Exp.exp(Float.NaN)).isNaN();
        assertThat(Exp.exp(Float.MIN_VALUE)).isEqualTo(1f);
    }

    @Test
    void siluAgainstItsDefinition() {
        for (float z = -30f; z < 30f; z += 0.013f) {
            double exact = z / (1 + StrictMath.exp(-z));
            assertThat(Math.abs(Exp.silu(z) - exact)).isLessThanOrEqualTo(3e-7 * Math.abs(exact));
        }
        assertThat(Exp.silu(0f)).isEqualTo(0f);
        assertThat(Exp.silu(200f)).isEqualTo(200f);
        assertThat(Exp.silu(-200f)).isEqualTo(-0f);
    }
}
