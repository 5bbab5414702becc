// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.objective;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.jacobian.rl.method.LossType;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class ObjectiveInputTest {

    @Test
    void weightsOfEveryAggregation() {
        int[] lengths = {2, 6, 0, 4};
        assertThat(Aggregation.tokenMean().normalizer(lengths).weight(6)).isEqualTo(1.0 / 12);
        assertThat(Aggregation.sequenceMeanTokenMean().normalizer(lengths).weight(6))
                .isEqualTo(1.0 / 24);
        assertThat(Aggregation.sequenceMeanTokenSum().normalizer(lengths).weight(6))
                .isEqualTo(0.25);
        assertThat(Aggregation.constant(16).normalizer(lengths).weight(6)).isEqualTo(1.0 / 64);
        assertThat(Aggregation.tokenSum().normalizer(lengths).weight(6)).isEqualTo(1);
        assertThat(Aggregation.sequenceMeanTokenMean().normalizer(lengths).weight(0))
                .isZero();
    }

    @Test
    void namesOfAggregations() {
        assertThat(LossType.DAPO.aggregation(8)).isEqualTo(Aggregation.tokenMean());
        assertThat(LossType.GRPO.aggregation(8)).isEqualTo(Aggregation.sequenceMeanTokenMean());
        assertThat(LossType.DR_GRPO.aggregation(8)).isEqualTo(Aggregation.constant(8));
        assertThat(LossType.SEQ_MEAN_TOKEN_SUM.aggregation(8)).isEqualTo(Aggregation.sequenceMeanTokenSum());
        assertThat(LossType.TOKEN_SUM.aggregation(8)).isEqualTo(Aggregation.tokenSum());
    }

    @Test
    void aForgottenMicroBatchIsNoticed() {
        TokenBatch batch = Fixtures.golden(1, 1, 1, 1);
        Normalizer normalizer = Aggregation.tokenMean().normalizer(new int[] {2, 6, 3, 1, 5});
        ObjectiveStatistics statistics =
                new Reinforce().evaluate(batch, normalizer).statistics();
        assertThatThrownBy(() -> normalizer.requireComplete(statistics))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("4 sequences and 12")
                .hasMessageContaining("5 and 17");
    }

    @Test
    void emptyBatch() {
        TokenBatch batch =
                new TokenBatch(new float[0], new float[0], Optional.empty(), new double[0], new int[1], new boolean[0]);
        ObjectiveResult result =
                new Reinforce().evaluate(batch, Aggregation.tokenMean().normalizer(new int[0]));
        assertThat(result.loss()).isZero();
        assertThat(result.statistics()).isEqualTo(ObjectiveStatistics.EMPTY);
        assertThat(result.statistics().ratioMean()).isZero();
    }

    @Test
    void aFullyMaskedSequenceHasNoLoss() {
        TokenBatch batch = new TokenBatch(
                new float[] {-1, -2},
                new float[] {-3, -3},
                Optional.empty(),
                new double[] {1, 1},
                new int[] {0, 2},
                new boolean[2]);
        for (PolicyObjective objective :
                new PolicyObjective[] {new ClippedSurrogate(0.2, 0.2), SquaredLogRatio.mirrorDescentRegression(0.1)}) {
            ObjectiveResult result = objective.evaluate(
                    batch, Aggregation.sequenceMeanTokenMean().normalizer(batch.lengths()));
            assertThat(result.loss()).isZero();
            assertThat(result.gradLogProbs()).containsOnly(0f);
        }
    }

    @Test
    void aTokenThatBecameImpossibleIsClipped() {
        // log-ratios of ±700: the ratio overflows no double, and A > 0 is clipped from above, A < 0 from below.
        TokenBatch batch = new TokenBatch(
                new float[] {-1, -701},
                new float[] {-701, -1},
                Optional.empty(),
                new double[] {1, -1},
                new int[] {0, 1, 2},
                Fixtures.all(2));
        ObjectiveResult result = new ClippedSurrogate(0.2, 0.2)
                .evaluate(batch, Aggregation.tokenSum().normalizer(batch.lengths()));
        assertThat(result.loss()).isCloseTo(-1.2 + 0.8, within(1e-12));
        assertThat(result.gradLogProbs()).containsOnly(0f);
    }

    @Test
    void k3NearZeroKeepsItsDigits() {
        // d²/2 - d³/6: the naive form exp(-d) + d - 1 would lose all digits here.
        assertThat(KlEstimator.K3.value(1e-9)).isCloseTo(5e-19, within(1e-25));
        assertThat(KlEstimator.K3.derivative(1e-9)).isCloseTo(1e-9, within(1e-17));
        for (double d = -3; d < 3; d += 0.1) {
            assertThat(KlEstimator.K3.value(d)).isNotNegative();
            for (KlEstimator estimator :
                    List.of(KlEstimator.K1, KlEstimator.K2, KlEstimator.K3, KlEstimator.LOW_VAR_KL)) {
                double slope = (estimator.value(d + 1e-5) - estimator.value(d - 1e-5)) / 2e-5;
                assertThat(estimator.derivative(d)).isCloseTo(slope, within(1e-8));
            }
            assertThat(KlEstimator.K1_PLUS.derivative(d)).isEqualTo(d);
            assertThat(KlEstimator.K3_PLUS.derivative(d)).isEqualTo(d);
        }
    }

    @Test
    void badBatches() {
        float[] two = {-1, -1};
        boolean[] mask = {true, true};
        double[] ones = {1, 1};
        int[] offsets = {0, 2};
        assertThatThrownBy(() -> new TokenBatch(two, new float[1], Optional.empty(), ones, offsets, mask))
                .hasMessageContaining("oldLogProbs has 1");
        assertThatThrownBy(() -> new TokenBatch(two, two, Optional.of(new float[3]), ones, offsets, mask))
                .hasMessageContaining("refLogProbs has 3");
        assertThatThrownBy(() -> new TokenBatch(two, two, Optional.empty(), ones, offsets, new boolean[3]))
                .hasMessageContaining("mask has 3");
        assertThatThrownBy(() -> new TokenBatch(two, two, Optional.empty(), ones, new int[] {0, 1}, mask))
                .hasMessageContaining("from 0 to the number of tokens (2)");
        assertThatThrownBy(() -> new TokenBatch(two, two, Optional.empty(), new double[1], offsets, mask))
                .hasMessageContaining("advantages has 1 elements but must have 2");
        assertThatThrownBy(() -> new TokenBatch(two, two, Optional.empty(), ones, new int[0], mask))
                .hasMessageContaining("from 0 to the number of tokens (2), got []");
        assertThatThrownBy(() -> new TokenBatch(two, two, Optional.empty(), new double[2], new int[] {0, 3, 2}, mask))
                .hasMessageContaining("must not decrease");
        assertThatThrownBy(
                        () -> new TokenBatch(two, two, Optional.empty(), new double[] {Double.NaN, 1}, offsets, mask))
                .hasMessageContaining("advantage of sequence 0");
        assertThatThrownBy(
                        () -> new TokenBatch(new float[] {-1, Float.NaN}, two, Optional.empty(), ones, offsets, mask))
                .hasMessageContaining("logProbs of token 1 in sequence 0 is NaN");
        assertThatThrownBy(() -> new TokenBatch(
                        two, new float[] {Float.NEGATIVE_INFINITY, -1}, Optional.empty(), ones, offsets, mask))
                .hasMessageContaining("oldLogProbs of token 0");
    }

    @Test
    void badSettings() {
        assertThatThrownBy(() -> new ClippedSurrogate(1.5, 0.2)).hasMessageContaining("epsilonLow");
        assertThatThrownBy(() -> new ClippedSurrogate(0.2, -0.1)).hasMessageContaining("epsilonHigh");
        assertThatThrownBy(() -> new CappedImportance(0.2, KlPenalty.NONE)).hasMessageContaining("not an offset");
        assertThatThrownBy(() -> SquaredLogRatio.mirrorDescent(0)).hasMessageContaining("tau");
        assertThatThrownBy(() -> KlPenalty.k3(-1)).hasMessageContaining("beta");
        assertThatThrownBy(() -> Aggregation.constant(0)).hasMessageContaining("maxLength");
        assertThatThrownBy(() -> Aggregation.tokenMean().normalizer(new int[] {1, -1}))
                .hasMessageContaining("sequence 1");
    }

    @Test
    void aKlPenaltyNeedsAReference() {
        TokenBatch batch = new TokenBatch(
                new float[] {-1},
                new float[] {-1},
                Optional.empty(),
                new double[] {1},
                new int[] {0, 1},
                Fixtures.all(1));
        PolicyObjective objective = new ClippedSurrogate(0.2, 0.2, KlPenalty.k3(0.1), RatioLevel.TOKEN);
        assertThat(objective.needsReference()).isTrue();
        assertThat(new ClippedSurrogate(0.2, 0.2).needsReference()).isFalse();
        assertThatThrownBy(
                        () -> objective.evaluate(batch, Aggregation.tokenMean().normalizer(batch.lengths())))
                .hasMessageContaining("reference policy");
    }
}
