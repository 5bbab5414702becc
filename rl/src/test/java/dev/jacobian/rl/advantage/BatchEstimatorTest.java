// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.advantage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What estimators of a whole batch, and those of single groups beside GRPO's family, have to hold. */
class BatchEstimatorTest {
    private static final double NONE = Double.NaN;
    private static final List<GroupRewards> BATCH = List.of(
            new GroupRewards(new double[] {1, 0, 0, 1}, new int[] {2, 6, 3, 1}),
            new GroupRewards(new double[] {0, 0.5, 1}, new int[] {4, 2, 5}),
            new GroupRewards(new double[] {0, 0}, new int[] {1, 7}));

    static Stream<AdvantageEstimator> estimators() {
        return Stream.of(
                new BatchWhitened(new RewardToGo(1)),
                new BatchWhitened(new RewardToGo(0.9)),
                new BatchWhitened(new MeanBaseline()),
                new WholeBatch(new LengthWeightedBaseline()),
                new WholeBatch(new GroupNormalized()),
                new NonZeroScaling(new MeanBaseline(), 2),
                new OverlongPunished(new GroupNormalized(), 8, 4),
                new BestOfGroup(true, 1e-6),
                new MeanNormalized(),
                new PassAtKAdvantage(2, 1));
    }

    @ParameterizedTest
    @MethodSource("estimators")
    @DisplayName("shuffling groups changes nobody's advantages")
    void shuffled(AdvantageEstimator estimator) {
        List<GroupAdvantages> expected = estimator.advantages(BATCH);
        int[] order = {2, 0, 1};
        List<GroupAdvantages> shuffled =
                estimator.advantages(Arrays.stream(order).mapToObj(BATCH::get).toList());
        for (int g = 0; g < order.length; g++) {
            GroupRewards group = BATCH.get(order[g]);
            shuffled.get(g).requireFor(group.lengths());
            for (int i = 0; i < group.size(); i++) {
                for (int t = 0; t < group.lengths()[i]; t++) {
                    assertThat(shuffled.get(g).at(i, t))
                            .isCloseTo(expected.get(order[g]).at(i, t), within(1e-12));
                }
            }
        }
    }

    @ParameterizedTest
    @MethodSource("estimators")
    @DisplayName("a sample without reward has the advantage 0 and changes nobody else's; nothing at all has none")
    void unscored(AdvantageEstimator estimator) {
        List<GroupAdvantages> without = estimator.advantages(BATCH);
        List<GroupRewards> more = List.of(
                new GroupRewards(new double[] {1, 0, NONE, 0, 1}, new int[] {2, 6, 50, 3, 1}),
                BATCH.get(1),
                BATCH.get(2));
        List<GroupAdvantages> with = estimator.advantages(more);
        assertThat(with.get(0).mean(2)).isZero();
        assertThat(with.get(0).at(3, 0)).isCloseTo(without.get(0).at(2, 0), within(1e-12));
        assertThat(with.get(1).at(2, 0)).isCloseTo(without.get(1).at(2, 0), within(1e-12));
        GroupRewards nothing = new GroupRewards(new double[] {NONE, NONE}, new int[] {3, 4});
        assertThat(estimator.advantages(List.of(nothing)).getFirst().isZero()).isTrue();
        assertThat(estimator.advantages(List.of())).isEmpty();
    }

    @Test
    @DisplayName("whitened advantages have mean 0 and variance 1 over the tokens of the batch")
    void whitened() {
        double sum = 0;
        double squares = 0;
        int tokens = 0;
        List<GroupAdvantages> advantages = new BatchWhitened(new MeanBaseline()).advantages(BATCH);
        for (int g = 0; g < BATCH.size(); g++) {
            for (int i = 0; i < BATCH.get(g).size(); i++) {
                for (double a : advantages.get(g).ofSample(i, BATCH.get(g).lengths()[i])) {
                    sum += a;
                    squares += a * a;
                    tokens++;
                }
            }
        }
        assertThat(sum).isCloseTo(0, within(1e-10));
        assertThat(squares / (tokens - 1)).isCloseTo(1, within(1e-6));
    }

    @Test
    @DisplayName("pass@k advantages are the means over all sets of k, counted one by one")
    void passAtK() {
        double[] rewards = {1, 0, 0, 1, 0, 0};
        int k = 3;
        double[] sums = new double[6];
        int[] counts = new int[6];
        double mean = 0;
        int sets = 0;
        for (int set = 0; set < 64; set++) {
            if (Integer.bitCount(set) != k) {
                continue;
            }
            double best = 0;
            for (int i = 0; i < 6; i++) {
                best = (set >> i & 1) == 1 ? Math.max(best, rewards[i]) : best;
            }
            mean += best;
            sets++;
            for (int i = 0; i < 6; i++) {
                if ((set >> i & 1) == 1) {
                    sums[i] += best;
                    counts[i]++;
                }
            }
        }
        mean /= sets;
        double deviation = Math.sqrt(mean * (1 - mean));
        double[] advantages =
                new PassAtKAdvantage(k, 1).advantages(new GroupRewards(rewards, new int[] {1, 1, 1, 1, 1, 1}));
        for (int i = 0; i < 6; i++) {
            assertThat(advantages[i]).isCloseTo((sums[i] / counts[i] - mean) / deviation, within(1e-12));
        }
        assertThat(new PassAtKAdvantage(8, 1).advantages(new GroupRewards(rewards, new int[6])))
                .as("every set succeeds")
                .containsOnly(0);
    }

    @Test
    @DisplayName("MaxRL: one success in G pulls G times as strongly as the mean baseline has it")
    void maximumLikelihood() {
        GroupRewards group = new GroupRewards(new double[] {1, 0, 0, 0}, new int[] {1, 1, 1, 1});
        assertThat(new MeanNormalized().advantages(group)).containsExactly(3, -1, -1, -1);
        assertThatThrownBy(() ->
                        new MeanNormalized().advantages(new GroupRewards(new double[] {1, -1}, new int[] {1, 1})))
                .hasMessageContaining("must not be negative");
    }

    @Test
    @DisplayName("DAPO's soft overlong punishment: 0 up to the slope, then down to −1 at the limit")
    void overlong() {
        GroupRewards group = new GroupRewards(new double[] {1, 1, 1, 1}, new int[] {4, 5, 8, 2});
        double[] punished = {1, 0.75, 0, 1};
        GroupAdvantages advantages = new OverlongPunished(new MeanBaseline(), 8, 4)
                .advantages(List.of(group))
                .getFirst();
        for (int i = 0; i < 4; i++) {
            assertThat(advantages.mean(i)).isCloseTo(punished[i] - 0.6875, within(1e-12));
        }
        assertThatThrownBy(() -> new OverlongPunished(new MeanBaseline(), 8, 9))
                .hasMessageContaining("between 1 and 8");
    }

    @Test
    @DisplayName("equal norms make the optimal baseline the length-weighted one")
    void optimalBaselineOfEqualNorms() {
        double[] rewards = {1, 0, 0};
        double[][] earned = {{0, 0, 1}, {0, 0, 0}, {0, 0, 0}};
        double[][] norms = {{1, 1, 1}, {1, 1, 1}, {1, 1, 1}};
        boolean[][] mask = {{true, true, true}, {true, true, true}, {true, true, true}};
        double[] expected = new LengthWeightedBaseline().advantages(new GroupRewards(rewards, new int[] {3, 3, 3}));
        double[][] advantages = OptimalTokenBaseline.advantages(earned, norms, mask);
        for (int i = 0; i < 3; i++) {
            for (int t = 0; t < 3; t++) {
                assertThat(advantages[i][t]).isCloseTo(expected[i], within(1e-8));
            }
        }
    }
}
