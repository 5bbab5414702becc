// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.objective;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

class ValueLossTest {
    private static final int[] ONE = {0, 1};
    private static final boolean[] COUNTS = {true};

    private static ValueLoss.Result one(ValueLoss loss, float value, float old, double target) {
        return loss.evaluate(
                new float[] {value},
                new float[] {old},
                new double[] {target},
                ONE,
                COUNTS,
                Aggregation.tokenMean().normalizer(new int[] {1}));
    }

    @Test
    @DisplayName("by hand: V = 1, V_old = 0, c = 0.25")
    void byHand() {
        // target 2: the clipped value 0.25 is farther, its square counts, and there is no gradient
        ValueLoss.Result away = one(new ValueLoss(0.25), 1, 0, 2);
        assertThat(away.loss()).isCloseTo(1.75 * 1.75 / 2, within(1e-12));
        assertThat(away.gradient()).containsExactly(0f);
        assertThat(away.clipped()).isEqualTo(1);
        // target 0: V itself is farther than 0.25
        ValueLoss.Result back = one(new ValueLoss(0.25), 1, 0, 0);
        assertThat(back.loss()).isCloseTo(0.5, within(1e-12));
        assertThat(back.gradient()).containsExactly(1f);
        assertThat(back.clipped()).isZero();
        assertThat(one(ValueLoss.UNCLIPPED, 1, 0, 2).gradient()).containsExactly(-1f);
    }

    @Test
    @DisplayName("the derivative is that of the loss, by finite differences, and what does not count has none")
    void finiteDifferences() {
        float[] values = {0.5f, -0.25f, 1.5f, 0.125f, 2f};
        float[] old = {0.375f, 0.25f, 1f, 0.125f, 0f};
        double[] returns = {1, 0.1, -0.3, 0.2, 5};
        int[] offsets = {0, 2, 5};
        boolean[] mask = {true, true, true, false, true};
        for (Aggregation aggregation :
                new Aggregation[] {Aggregation.tokenMean(), Aggregation.sequenceMeanTokenMean()}) {
            Normalizer normalizer = aggregation.normalizer(new int[] {2, 2});
            ValueLoss loss = new ValueLoss(0.2);
            float[] gradient = loss.evaluate(values, old, returns, offsets, mask, normalizer)
                    .gradient();
            for (int t = 0; t < values.length; t++) {
                float h = 1 / 1024f;
                float[] up = values.clone();
                float[] down = values.clone();
                up[t] += h;
                down[t] -= h;
                double slope = (loss.evaluate(up, old, returns, offsets, mask, normalizer)
                                        .loss()
                                - loss.evaluate(down, old, returns, offsets, mask, normalizer)
                                        .loss())
                        / (2 * h);
                assertThat((double) gradient[t]).as(aggregation + " token " + t).isCloseTo(slope, within(1e-6));
            }
        }
    }

    @Test
    @DisplayName("an adaptive coefficient moves by a fifth of its samples' share of the horizon at most")
    void adaptiveKl() {
        AdaptiveKl control = new AdaptiveKl(6, 1000);
        assertThat(control.next(0.2, 3, 64)).isCloseTo(0.2 * (1 - 0.2 * 0.064), within(1e-15));
        assertThat(control.next(0.2, 60, 64)).isCloseTo(0.2 * (1 + 0.2 * 0.064), within(1e-15));
        assertThat(control.next(0.2, 6.6, 100)).isCloseTo(0.2 * (1 + 0.1 * 0.1), within(1e-15));
    }

    @Test
    void badInput() {
        assertThatThrownBy(() -> new ValueLoss(0)).hasMessage("cliprange_value must be positive, got 0.0");
        assertThatThrownBy(() -> new AdaptiveKl(0, 1)).hasMessageContaining("must be positive, got 0.0 and 1.0");
    }
}
