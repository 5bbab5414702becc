// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.advantage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class AdvantageEstimatorTest {
    private static final double NONE = Double.NaN;
    private static final GroupRewards GOLDEN = new GroupRewards(new double[] {1, 0, 0, 1}, new int[] {2, 6, 3, 1});

    static Stream<GroupEstimator> comparing() {
        return Stream.of(
                new GroupNormalized(),
                new MeanBaseline(),
                new LeaveOneOut(),
                new LengthWeightedBaseline(),
                new LogMeanExpBaseline(0.1));
    }

    @Test
    void goldenNumbers() {
        check(new GroupNormalized(1e-4).advantages(GOLDEN), 0.865875, -0.865875, -0.865875, 0.865875);
        check(new GroupNormalized(1e-6).advantages(GOLDEN), 0.866024, -0.866024, -0.866024, 0.866024);
        check(new MeanBaseline().advantages(GOLDEN), 0.5, -0.5, -0.5, 0.5);
        check(new LeaveOneOut().advantages(GOLDEN), 0.666667, -0.666667, -0.666667, 0.666667);
        check(new LengthWeightedBaseline().advantages(GOLDEN), 0.75, -0.25, -0.25, 0.75);
        check(new LogMeanExpBaseline(0.5).advantages(GOLDEN), 0.283110, -0.716890, -0.716890, 0.283110);
        check(new NoBaseline().advantages(GOLDEN), 1, 0, 0, 1);
    }

    @Test
    void sumsThatVanish() {
        GroupRewards group = random(7, 3);
        assertThat(Arrays.stream(new GroupNormalized().advantages(group)).sum()).isCloseTo(0, within(1e-12));
        assertThat(Arrays.stream(new LeaveOneOut().advantages(group)).sum()).isCloseTo(0, within(1e-12));
        double[] advantages = new LengthWeightedBaseline().advantages(group);
        double tokenSum = IntStream.range(0, 7)
                .mapToDouble(i -> group.lengths()[i] * advantages[i])
                .sum();
        assertThat(tokenSum).isCloseTo(0, within(1e-11));
    }

    @Test
    void leaveOneOutIsTheMeanOfTheOthers() {
        GroupRewards group = random(5, 4);
        double[] advantages = new LeaveOneOut().advantages(group);
        double total = Arrays.stream(group.rewards()).sum();
        for (int i = 0; i < 5; i++) {
            double others = (total - group.rewards()[i]) / 4;
            assertThat(advantages[i]).isCloseTo(group.rewards()[i] - others, within(1e-12));
        }
    }

    @Test
    void logMeanExpRunsFromTheLargestRewardToTheMean() {
        GroupRewards group = random(6, 5);
        double largest = Arrays.stream(group.rewards()).max().orElseThrow();
        double[] cold = new LogMeanExpBaseline(1e-6).advantages(group);
        double[] hot = new LogMeanExpBaseline(1e9).advantages(group);
        double[] mean = new MeanBaseline().advantages(group);
        for (int i = 0; i < 6; i++) {
            assertThat(cold[i]).isCloseTo(group.rewards()[i] - largest, within(1e-5));
            assertThat(hot[i]).isCloseTo(mean[i], within(1e-8));
        }
    }

    @ParameterizedTest
    @MethodSource("comparing")
    void equalRewardsGiveExactlyZero(GroupEstimator estimator) {
        GroupRewards group = new GroupRewards(new double[] {0.1, 0.1, 0.1, 0.1, 0.1}, new int[] {3, 1, 4, 1, 5});
        assertThat(estimator.advantages(group)).containsOnly(0.0);
        assertThat(group.isDegenerate()).isTrue();
        assertThat(GOLDEN.isDegenerate()).isFalse();
    }

    @ParameterizedTest
    @MethodSource("comparing")
    void aSampleWithoutRewardIsLeftOut(GroupEstimator estimator) {
        double[] without = estimator.advantages(new GroupRewards(new double[] {1, 0.2, 0, 1}, new int[] {2, 6, 3, 1}));
        double[] with =
                estimator.advantages(new GroupRewards(new double[] {1, 0.2, NONE, 0, 1}, new int[] {2, 6, 100, 3, 1}));
        assertThat(with).containsExactly(without[0], without[1], 0, without[2], without[3]);
    }

    @ParameterizedTest
    @MethodSource("comparing")
    void lonelyAndEmptyGroupsTeachNothing(GroupEstimator estimator) {
        assertThat(estimator.advantages(new GroupRewards(new double[] {0.7}, new int[] {3})))
                .containsExactly(0);
        assertThat(estimator.advantages(new GroupRewards(new double[] {NONE, 0.7}, new int[] {3, 4})))
                .containsExactly(0, 0);
        assertThat(estimator.advantages(new GroupRewards(new double[] {NONE, NONE}, new int[] {3, 4})))
                .containsExactly(0, 0);
    }

    @ParameterizedTest
    @MethodSource("comparing")
    void shufflingTheGroupShufflesTheAdvantages(GroupEstimator estimator) {
        GroupRewards group = random(8, 6);
        int[] order = {3, 0, 7, 1, 6, 2, 5, 4};
        double[] rewards =
                Arrays.stream(order).mapToDouble(i -> group.rewards()[i]).toArray();
        int[] lengths = Arrays.stream(order).map(i -> group.lengths()[i]).toArray();
        double[] expected = estimator.advantages(group);
        double[] shuffled = estimator.advantages(new GroupRewards(rewards, lengths));
        for (int i = 0; i < 8; i++) {
            assertThat(shuffled[i]).isCloseTo(expected[order[i]], within(1e-12));
        }
    }

    @Test
    void noTokensMeansNoLengthWeights() {
        assertThat(new LengthWeightedBaseline().advantages(new GroupRewards(new double[] {1, 0}, new int[2])))
                .containsExactly(0, 0);
    }

    @Test
    void batchScalingDividesEveryGroupByOneDeviation() {
        List<GroupRewards> groups = List.of(
                new GroupRewards(new double[] {1, 0}, new int[] {1, 1}),
                new GroupRewards(new double[] {1, 1, NONE}, new int[] {1, 1, 1}));
        List<GroupAdvantages> advantages = new BatchScaling(new MeanBaseline()).advantages(groups);
        // Rewards 1, 0, 1, 1: Bessel deviation sqrt(0.75 / 3) = 0.5.
        check(samples(advantages.get(0)), 0.5 / 0.5001, -0.5 / 0.5001);
        check(samples(advantages.get(1)), 0, 0, 0);
        assertThat(new BatchScaling(new MeanBaseline()).advantages(List.of())).isEmpty();
    }

    @Test
    void badInput() {
        assertThatThrownBy(() -> new GroupRewards(new double[2], new int[3]))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("2 rewards and 3 lengths");
        assertThatThrownBy(() -> new GroupRewards(new double[0], new int[0])).hasMessageContaining("at least one");
        assertThatThrownBy(() -> new GroupRewards(new double[] {0, 1.0 / 0}, new int[2]))
                .hasMessageContaining("reward 1");
        assertThatThrownBy(() -> new GroupRewards(new double[2], new int[] {1, -1}))
                .hasMessageContaining("length 1");
        assertThatThrownBy(() -> new GroupNormalized(0)).hasMessageContaining("epsilon");
        assertThatThrownBy(() -> new LogMeanExpBaseline(Double.NaN)).hasMessageContaining("tau");
        assertThatThrownBy(() -> new BatchScaling(new MeanBaseline(), -1)).hasMessageContaining("epsilon");
    }

    private static double[] samples(GroupAdvantages group) {
        return IntStream.range(0, group.size()).mapToDouble(group::mean).toArray();
    }

    @Test
    void whatEachTokenEarned() {
        GroupRewards outcome = new GroupRewards(new double[] {2, NONE, 1}, new int[] {3, 2, 0});
        assertThat(outcome.tokenRewards(0)).containsExactly(0, 0, 2);
        assertThat(outcome.tokenRewards(1)).containsExactly(0, 0);
        assertThat(outcome.tokenRewards(2)).isEmpty();
        double[][] steps = {{1, 0, 0.5}, {0, -1}};
        GroupRewards process = new GroupRewards(new double[] {1.5, -1}, new int[] {3, 2}, Optional.of(steps));
        process.tokenRewards(0)[0] = 9;
        assertThat(process.tokenRewards(0)).containsExactly(1, 0, 0.5);
        // Generalized advantage estimation with discount 1/2, lambda 1 and no values: discounted rewards to go.
        AdvantageEstimator toGo = batch -> batch.stream()
                .map(group -> {
                    double[][] all = new double[group.size()][];
                    for (int i = 0; i < all.length; i++) {
                        all[i] = group.tokenRewards(i);
                        for (int t = all[i].length - 2; t >= 0; t--) {
                            all[i][t] += 0.5 * all[i][t + 1];
                        }
                    }
                    return GroupAdvantages.ofTokens(all);
                })
                .toList();
        GroupAdvantages advantages = toGo.advantages(List.of(process)).getFirst();
        double[] first = {advantages.at(0, 0), advantages.at(0, 1), advantages.at(0, 2)};
        assertThat(first).containsExactly(1.125, 0.25, 0.5);
        double[] second = {advantages.at(1, 0), advantages.at(1, 1)};
        assertThat(second).containsExactly(-0.5, -1);
        assertThatThrownBy(() -> new GroupRewards(new double[1], new int[] {2}, Optional.of(new double[1][3])))
                .hasMessageContaining("2 tokens and 3 token rewards");
        assertThatThrownBy(() -> new GroupRewards(new double[2], new int[2], Optional.of(new double[1][0])))
                .hasMessageContaining("as many rows");
    }

    @Test
    void advantagesPerTokenKeepTheirShape() {
        GroupAdvantages tokens = GroupAdvantages.ofTokens(new double[][] {{0, 2}, {}, {-1}});
        assertThat(tokens.at(0, 1)).isEqualTo(2);
        assertThat(samples(tokens)).containsExactly(1, 0, -1);
        assertThat(tokens.isZero()).isFalse();
        tokens.requireFor(new int[] {2, 0, 1});
        assertThatThrownBy(() -> tokens.requireFor(new int[] {2, 1, 1})).hasMessageContaining("sample 1 0 advantages");
        assertThatThrownBy(() -> tokens.requireFor(new int[2])).hasMessageContaining("3 samples");
        GroupAdvantages samples = GroupAdvantages.ofSamples(new double[] {0.5, -0.5});
        assertThat(samples.at(1, 17)).isEqualTo(-0.5);
        samples.requireFor(new int[] {3, 4});
        assertThat(GroupAdvantages.ofTokens(new double[][] {{0, 0}, {0}}).isZero())
                .isTrue();
    }

    private static GroupRewards random(int size, long seed) {
        Random random = new Random(seed);
        return new GroupRewards(
                random.doubles(size, -1, 2).toArray(), random.ints(size, 1, 20).toArray());
    }

    private static void check(double[] actual, double... expected) {
        assertThat(actual).hasSameSizeAs(expected);
        for (int i = 0; i < expected.length; i++) {
            assertThat(actual[i]).isCloseTo(expected[i], within(6e-7));
        }
    }
}
