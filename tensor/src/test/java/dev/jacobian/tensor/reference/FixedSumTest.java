// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.reference;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jacobian.tensor.Rng;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

class FixedSumTest {
    @Test
    void theOrderIsTheStatedOne() {
        // 2^24 swallows a lone 1: the result shows what was added to what.
        float big = 0x1p24f;
        float[] x = new float[18];
        x[0] = big;
        x[16] = 1f; // the same partial sum as x[0]: lost
        x[1] = 1f;
        x[9] = 1f; // meets x[1] first: 2, which 2^24 can take
        assertThat(FixedSum.sum(x, 0, 18)).isEqualTo(big + 2f);
        float[] y = new float[18];
        y[0] = big;
        y[8] = 1f; // meets x[0] alone: lost
        y[4] = 1f;
        y[12] = 1f; // meets y[4] first: kept
        assertThat(FixedSum.sum(y, 0, 18)).isEqualTo(big + 2f);
    }

    @Test
    void zerosAtTheEndChangeNothing() {
        Rng rng = new Rng(30, 0);
        for (int n = 0; n < 70; n++) {
            float[] x = new float[n];
            for (int i = 0; i < n; i++) {
                x[i] = (float) rng.nextGaussian();
            }
            assertThat(FixedSum.sum(Arrays.copyOf(x, n + 37), 0, n + 37)).isEqualTo(FixedSum.sum(x, 0, n));
        }
    }

    @Test
    void closeToTheExactSum() {
        Rng rng = new Rng(31, 0);
        int n = 5000;
        float[] x = new float[n];
        float[] y = new float[n];
        double sum = 0;
        double dot = 0;
        double size = 0;
        for (int i = 0; i < n; i++) {
            x[i] = (float) rng.nextGaussian();
            y[i] = (float) rng.nextGaussian();
            sum += x[i];
            dot += (double) x[i] * y[i];
            size += Math.max(Math.abs(x[i]), Math.abs((double) x[i] * y[i]));
        }
        double bound = (n / 16 + 4) * 0x1p-24 * size;
        assertThat(Math.abs(FixedSum.sum(x, 0, n) - sum)).isLessThan(bound);
        assertThat(Math.abs(FixedSum.dot(x, 0, y, 0, n) - dot)).isLessThan(bound);
    }
}
