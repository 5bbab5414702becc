// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.reference;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jacobian.tensor.Backends;
import dev.jacobian.tensor.Rng;
import dev.jacobian.tensor.Tensor;
import java.util.Arrays;
import java.util.function.Function;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** Greedy choice and drawing against the distribution. */
class ReferenceSamplingTest {
    @Test
    @DisplayName("argmax takes the first of equals, and never a removed token")
    void argmax() {
        float removed = Float.NEGATIVE_INFINITY;
        assertThat(ReferenceSampling.argmax(new float[] {9, removed, 1, 3, 3, 2}, 1, 5))
                .isEqualTo(2);
        assertThat(ReferenceSampling.argmax(new float[] {-1}, 0, 1)).isZero();
        Tensor rows = Tensor.of(new float[] {7, 7, 7, 1, 2, 3, 3, 1, 2}, 3, 3); // [3, 3]
        assertThat(Backends.cpu().sampling().argmax(rows.slice(0, 1, 3))).containsExactly(2, 0);
    }

    @Test
    @DisplayName("drawing inverts the cumulative distribution: borders, zeros, a sum below one")
    void draw() {
        float[] p = {0, 0.25f, 0, 0.5f, 0.25f, 0};
        Function<Float, Integer> draw = u -> ReferenceSampling.draw(p, 0, p.length, u);
        assertThat(draw.apply(0f)).isEqualTo(1);
        assertThat(draw.apply(Math.nextDown(0.25f))).isEqualTo(1);
        assertThat(draw.apply(0.25f)).isEqualTo(3);
        assertThat(draw.apply(Math.nextDown(0.75f))).isEqualTo(3);
        assertThat(draw.apply(0.75f)).isEqualTo(4);
        assertThat(draw.apply(Math.nextDown(1f))).isEqualTo(4);
        float[] low = {0.3f, 0.3f, 0.3999f, 0};
        assertThat(ReferenceSampling.draw(low, 0, 4, Math.nextDown(1f)))
                .as("the last possible token")
                .isEqualTo(2);
    }

    @Test
    @DisplayName("a row's token depends on its own coordinates and logits, not on its place in the batch")
    void coordinates() {
        Tensor logits = Tensor.of(new float[] {0, 1, 2, 0, 1, 2, 3, 0, 0}, 3, 3); // [3, 3]
        int[] coordinates = {1, 2, 3, 4, 5, 6, 7, 8, 1, 2, 3, 4};
        int[] all = Backends.cpu().sampling().sample(logits, 1f, 42, coordinates);
        for (int r = 0; r < 3; r++) {
            int[] own = Arrays.copyOfRange(coordinates, 4 * r, 4 * r + 4);
            assertThat(Backends.cpu().sampling().sample(logits.slice(0, r, r + 1), 1f, 42, own))
                    .containsExactly(all[r]);
        }
        assertThat(Rng.uniform(42, 1, 2, 3, 4)).isNotEqualTo(Rng.uniform(42, 5, 6, 7, 8));
    }
}
