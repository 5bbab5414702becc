// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.advantage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

class WinRateTest {
    @Test
    @DisplayName("hard: of rewards 3 1 1 0 the first beats three and draws with itself")
    void hard() {
        GroupRewards group = new GroupRewards(new double[] {3, 1, 1, 0}, new int[] {1, 1, 1, 1});
        assertThat(new WinRate(WinRate.HARD).advantages(group))
                .containsExactly(3.5 / 4 - 0.5, 2.0 / 4 - 0.5, 2.0 / 4 - 0.5, 0.5 / 4 - 0.5);
    }

    @Test
    @DisplayName("soft: mean of σ over all samples, itself included, less one half; hard in the limit")
    void soft() {
        double[] r = {0.3, -1, 2};
        GroupRewards group = new GroupRewards(r, new int[] {1, 1, 1});
        double[] soft = new WinRate(1.7).advantages(group);
        for (int i = 0; i < 3; i++) {
            double p = 0;
            for (int j = 0; j < 3; j++) {
                p += 1 / (1 + Math.exp(-1.7 * (r[i] - r[j]))) / 3;
            }
            assertThat(soft[i]).isCloseTo(p - 0.5, within(1e-12));
        }
        assertThat(Arrays.stream(soft).sum()).isCloseTo(0, within(1e-12));
        double[] nearly = new WinRate(1e6).advantages(group);
        double[] hard = new WinRate(WinRate.HARD).advantages(group);
        for (int i = 0; i < 3; i++) {
            assertThat(nearly[i]).isCloseTo(hard[i], within(1e-12));
        }
    }

    @Test
    @DisplayName("of rewards 0 and 1 a hard win rate is half of GRPO's unscaled advantage")
    void binary() {
        GroupRewards group = new GroupRewards(new double[] {1, 0, 0, 1, 1}, new int[5]);
        double[] mean = new MeanBaseline().advantages(group);
        double[] hard = new WinRate(WinRate.HARD).advantages(group);
        for (int i = 0; i < 5; i++) {
            assertThat(hard[i]).isCloseTo(mean[i] / 2, within(1e-12));
        }
    }

    @Test
    @DisplayName("a sample without reward neither wins nor loses")
    void unscored() {
        GroupRewards group = new GroupRewards(new double[] {1, Double.NaN, 0}, new int[3]);
        assertThat(new WinRate(WinRate.HARD).advantages(group)).containsExactly(0.25, 0, -0.25);
        assertThatThrownBy(() -> new WinRate(0)).hasMessage("the scale of preferences must be positive, got 0.0");
    }
}
