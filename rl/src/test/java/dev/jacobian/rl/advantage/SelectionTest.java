// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.advantage;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

class SelectionTest {
    private static int[] of(Selection selection, double... rewards) {
        return selection.of(new GroupRewards(rewards, new int[rewards.length]));
    }

    @Test
    @DisplayName("a pair is the first of the best and the first of the worst, in the group's order")
    void pair() {
        Selection pair = new Selection.BestAndWorst();
        assertThat(of(pair, 0.5, 0, 1, 0, 1)).containsExactly(1, 2);
        assertThat(of(pair, 3, 2, 1)).containsExactly(0, 2);
        assertThat(of(pair, 1, 1, 1)).as("no spread").containsExactly(0, 1);
        assertThat(of(pair, Double.NaN, 1, Double.NaN)).as("one alone").isEmpty();
        assertThat(of(pair, Double.NaN, 1, 0, Double.NaN)).containsExactly(1, 2);
    }

    @Test
    @DisplayName("good enough: all of them, or the best")
    void good() {
        assertThat(of(new Selection.AtLeast(0.5), 0.5, 0, 1, Double.NaN)).containsExactly(0, 2);
        assertThat(of(new Selection.AtLeast(2), 0.5, 0, 1)).isEmpty();
        assertThat(of(new Selection.Best(0.5), 0.5, 1, 0, 1)).containsExactly(1);
        assertThat(of(new Selection.Best(2), 0.5, 1)).isEmpty();
    }
}
