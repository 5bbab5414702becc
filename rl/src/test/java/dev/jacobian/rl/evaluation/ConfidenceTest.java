// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.evaluation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.jacobian.rl.evaluation.Confidence.Method;
import dev.jacobian.tensor.Rng;
import java.util.Arrays;
import java.util.stream.DoubleStream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** Intervals against closed forms, and how often they contain the truth. */
class ConfidenceTest {
    private static final Confidence SURE = Confidence.DEFAULT;

    private static double[] solved(int right, int of) {
        double[] values = new double[of];
        Arrays.fill(values, 0, right, 1);
        return values;
    }

    @Test
    void quantiles() {
        assertThat(SURE.z()).isCloseTo(1.959963984540054, within(1e-12));
        assertThat(new Confidence(0.99, Method.CLUSTERED, 1, 0).z()).isCloseTo(2.5758293035489004, within(1e-12));
        assertThat(new Confidence(0.5, Method.CLUSTERED, 1, 0).z()).isCloseTo(0.6744897501960817, within(1e-12));
        assertThat(NormalQuantile.below(-1)).isCloseTo(0.15865525393145707, within(1e-14));
    }

    @Test
    @DisplayName(
            "one sample a problem: Wilson's score interval, as tables have it, in [0, 1] also where nothing was solved")
    void wilson() {
        Estimate half = SURE.share(solved(5, 10));
        assertThat(half.value()).isEqualTo(0.5);
        assertThat(half.low()).isCloseTo(0.236593, within(1e-6));
        assertThat(half.high()).isCloseTo(0.763407, within(1e-6));
        Estimate none = SURE.share(solved(0, 10));
        assertThat(none.low()).isZero();
        double z = SURE.z();
        assertThat(none.high()).isCloseTo(z * z / (10 + z * z), within(1e-12));
        Estimate all = SURE.share(solved(10, 10));
        assertThat(all.low()).isCloseTo(10 / (10 + z * z), within(1e-12));
        assertThat(all.high()).isEqualTo(1);
        assertThat(SURE.share(solved(1, 1)).low()).isCloseTo(1 / (1 + z * z), within(1e-12));
    }

    @Test
    @DisplayName("a mean: the deviation between problems over the root of their number")
    void mean() {
        Estimate mean = SURE.mean(1, 2, 3, 4, 10);
        assertThat(mean.value()).isEqualTo(4);
        assertThat(mean.standardError()).isCloseTo(Math.sqrt(12.5 / 5), within(1e-12)); // deviations −3 −2 −1 0 6
        assertThat(mean.high() - mean.value()).isCloseTo(SURE.z() * mean.standardError(), within(1e-12));
        assertThat(mean.low() + mean.high()).isCloseTo(8, within(1e-12));
        assertThat(SURE.mean(7).low()).isNaN();
    }

    @Test
    @DisplayName("samples of a problem that agree count once, independent ones each for itself")
    void clustered() {
        double[] eight = new double[50];
        Arrays.fill(eight, 8);
        double[] agreeing = DoubleStream.of(solved(25, 50)).map(one -> 8 * one).toArray();
        assertThat(SURE.share(agreeing, eight).high())
                .isCloseTo(SURE.share(solved(25, 50)).high(), within(1e-2));
        double[] same = new double[50];
        Arrays.fill(same, 4);
        Estimate each = SURE.share(same, eight); // no deviation between problems: as sure as 400 samples are
        Estimate independent = SURE.share(solved(200, 400));
        assertThat(each.high()).isCloseTo(independent.high(), within(1e-9));
    }

    @Test
    @DisplayName("a ratio of equal counts is a mean; of others its error is that of the linearised quotient")
    void ratio() {
        double[] threes = {3, 3, 3, 3, 3};
        Estimate ratio = SURE.ratio(new double[] {3, 6, 9, 12, 30}, threes);
        assertThat(ratio.value()).isEqualTo(4);
        assertThat(ratio.standardError()).isCloseTo(SURE.mean(1, 2, 3, 4, 10).standardError(), within(1e-12));
        Estimate exact = SURE.ratio(new double[] {2, 4, 20}, new double[] {1, 2, 10});
        assertThat(exact.value()).isEqualTo(2);
        assertThat(exact.standardError()).isZero();
    }

    @Test
    @DisplayName(
            "the bootstrap: percentiles of a distribution that is known, and near the closed form for many problems")
    void bootstrap() {
        Confidence resampled = new Confidence(0.95, Method.BOOTSTRAP, 4000, 3);
        Estimate two = resampled.mean(0, 1); // 0, ½, ½, 1 each with a quarter
        assertThat(two.low()).isZero();
        assertThat(two.high()).isEqualTo(1);
        Estimate middle = new Confidence(0.4, Method.BOOTSTRAP, 4000, 3).mean(0, 1);
        assertThat(middle.low()).isEqualTo(0.5);
        assertThat(middle.high()).isEqualTo(0.5);
        Estimate closed = SURE.mean(solved(120, 300));
        Estimate drawn = resampled.mean(solved(120, 300));
        assertThat(drawn.low()).isCloseTo(closed.low(), within(0.006));
        assertThat(drawn.high()).isCloseTo(closed.high(), within(0.006));
        assertThat(resampled.mean(solved(120, 300))).isEqualTo(drawn);
    }

    @Test
    @DisplayName("of many measurements with four dependent samples a problem the intervals of 90 % contain the truth in"
            + " about 90 %")
    void coverage() {
        Confidence sure = new Confidence(0.9, Method.CLUSTERED, 1, 0);
        int contained = 0;
        int measurements = 600;
        double[] four = new double[60];
        Arrays.fill(four, 4);
        for (int m = 0; m < measurements; m++) {
            Rng rng = new Rng(11, m);
            double[] right = new double[60];
            for (int p = 0; p < right.length; p++) {
                double chance = rng.nextDouble() < 0.5 ? 0.1 : 0.7; // easy and hard problems; 0.4 on the mean
                for (int s = 0; s < 4; s++) {
                    right[p] += rng.nextDouble() < chance ? 1 : 0;
                }
            }
            Estimate estimate = sure.share(right, four);
            contained += estimate.low() <= 0.4 && 0.4 <= estimate.high() ? 1 : 0;
        }
        assertThat((double) contained / measurements).isBetween(0.86, 0.94); // ± 3 standard errors
    }

    @Test
    void refusals() {
        assertThatThrownBy(() -> new Confidence(1, Method.CLUSTERED, 1, 0)).hasMessageContaining("between 0 and 1");
        assertThatThrownBy(() -> new Confidence(0.5, Method.BOOTSTRAP, 0, 0)).hasMessageContaining("1 resample");
    }
}
