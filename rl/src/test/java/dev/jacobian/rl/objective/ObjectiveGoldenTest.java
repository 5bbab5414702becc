// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.objective;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.jacobian.rl.advantage.GroupEstimator;
import dev.jacobian.rl.advantage.GroupNormalized;
import dev.jacobian.rl.advantage.GroupRewards;
import dev.jacobian.rl.advantage.LeaveOneOut;
import dev.jacobian.rl.advantage.MeanBaseline;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** Losses of the golden group, computed by an independent program in float64 and rounded to six decimals. */
class ObjectiveGoldenTest {
    private static final Aggregation TOKEN_MEAN = Aggregation.tokenMean();
    private static final Aggregation TOKEN_MEAN_PER_SEQUENCE = Aggregation.sequenceMeanTokenMean();
    private static final Aggregation TOKEN_SUM_PER_SEQUENCE = Aggregation.sequenceMeanTokenSum();
    private static final Aggregation DR_GRPO = Aggregation.constant(8);
    private static final GroupEstimator MEAN = new MeanBaseline();

    @Test
    void clippedSurrogate() {
        PolicyObjective ppo = new ClippedSurrogate(0.2, 0.2);
        check(ppo, MEAN, TOKEN_MEAN_PER_SEQUENCE, -0.041443);
        check(ppo, MEAN, TOKEN_MEAN, 0.230260);
        check(ppo, MEAN, DR_GRPO, 0.086348);
        check(ppo, MEAN, TOKEN_SUM_PER_SEQUENCE, 0.690780);
        check(ppo, new GroupNormalized(), TOKEN_MEAN_PER_SEQUENCE, -0.071769);
        check(ppo, new GroupNormalized(), TOKEN_MEAN, 0.398753);
        check(ppo, new GroupNormalized(), DR_GRPO, 0.149532);
        check(ppo, new GroupNormalized(), TOKEN_SUM_PER_SEQUENCE, 1.196259);
        check(new ClippedSurrogate(0.2, 0.28), MEAN, TOKEN_MEAN, 0.226927);
    }

    @Test
    void sequenceRatios() {
        PolicyObjective gspo = new ClippedSurrogate(3e-4, 4e-4, KlPenalty.NONE, RatioLevel.SEQUENCE_MEAN);
        check(gspo, MEAN, TOKEN_MEAN_PER_SEQUENCE, -0.000175);
        PolicyObjective rloo = new ClippedSurrogate(0.2, 0.2, KlPenalty.NONE, RatioLevel.SEQUENCE_SUM);
        check(rloo, new LeaveOneOut(), TOKEN_MEAN_PER_SEQUENCE, -0.115860);
    }

    @Test
    void cappedImportance() {
        check(new CappedImportance(5, KlPenalty.NONE), MEAN, TOKEN_MEAN, -0.176468);
    }

    @Test
    void mirrorDescent() {
        check(SquaredLogRatio.mirrorDescent(0.1), MEAN, TOKEN_SUM_PER_SEQUENCE, -0.683750);
        check(SquaredLogRatio.mirrorDescentRegression(0.1), new LeaveOneOut(), TOKEN_MEAN_PER_SEQUENCE, 1.010979);
        check(SquaredLogRatio.dro(0.1), MEAN, TOKEN_MEAN, -0.227083);
    }

    @Test
    void mirrorDescentAsRegression() {
        // (A - τΔ)² is 2τ times our form τ/2 (A/τ - Δ)².
        ObjectiveResult result = evaluate(SquaredLogRatio.mirrorDescentRegression(0.1), MEAN, TOKEN_SUM_PER_SEQUENCE);
        assertThat(2 * 0.1 * result.loss()).isCloseTo(0.225750, within(6e-7));
        double[] perSequence = {-0.024, 0.0245, 0.0235, -0.023};
        for (int s = 0; s < 4; s++) {
            for (int t = Fixtures.OFFSETS[s]; t < Fixtures.OFFSETS[s + 1]; t++) {
                assertThat(0.2 * result.gradLogProbs()[t]).isCloseTo(perSequence[s], within(1e-7));
            }
        }
    }

    @Test
    void selfPlay() {
        // Two responses with Δ = 0.4 and -0.2 to the anchor and win rates 0.7 and 0.3.
        TokenBatch pair = new TokenBatch(
                new float[] {-1, -1},
                new float[] {-1.4f, -0.8f},
                Optional.empty(),
                new double[] {0.2, -0.2},
                new int[] {0, 1, 2},
                Fixtures.all(2));
        double loss = SquaredLogRatio.sppo(1000)
                .evaluate(pair, TOKEN_SUM_PER_SEQUENCE.normalizer(pair.lengths()))
                .loss();
        assertThat(loss).isCloseTo(39880.1, within(1e-2));
    }

    @Test
    void divergences() {
        TokenBatch batch = Fixtures.golden(0, 0, 0, 0);
        double[] means = new double[KlEstimator.values().length];
        for (int t = 0; t < batch.tokens(); t++) {
            for (KlEstimator estimator : KlEstimator.values()) {
                means[estimator.ordinal()] += estimator.value((double) Fixtures.NEW[t] - Fixtures.REF[t]) / 12;
            }
        }
        assertThat(means[0]).isCloseTo(0.033333, within(6e-7));
        assertThat(means[1]).isCloseTo(0.031667, within(6e-7));
        assertThat(means[2]).isCloseTo(0.032108, within(6e-7));
        ObjectiveStatistics statistics =
                evaluate(new Reinforce(), MEAN, TOKEN_MEAN).statistics();
        assertThat(statistics.klMean()).isCloseTo(0.032108, within(6e-7));
    }

    @Test
    void klPenaltyAddsToTheTokenLoss() {
        ObjectiveResult plain = evaluate(new ClippedSurrogate(0.2, 0.2), MEAN, TOKEN_MEAN);
        ObjectiveResult anchored =
                evaluate(new ClippedSurrogate(0.2, 0.2, KlPenalty.k3(0.5), RatioLevel.TOKEN), MEAN, TOKEN_MEAN);
        assertThat(anchored.loss() - plain.loss()).isCloseTo(0.5 * 0.032108, within(6e-7));
        assertThat(anchored.statistics().policyLoss()).isEqualTo(plain.loss());
        assertThat(anchored.statistics().klLoss()).isCloseTo(0.5 * 0.032108, within(6e-7));
    }

    @Test
    void statistics() {
        ObjectiveStatistics statistics =
                evaluate(new ClippedSurrogate(0.2, 0.2), MEAN, TOKEN_MEAN).statistics();
        assertThat(statistics.sequences()).isEqualTo(4);
        assertThat(statistics.tokens()).isEqualTo(12);
        // Ratios that fell too far with A < 0: log-ratios -0.3 and -0.4. Ratio that rose too far with A > 0: +0.4.
        assertThat(statistics.clippedLow()).isEqualTo(2);
        assertThat(statistics.clippedHigh()).isEqualTo(1);
        assertThat(statistics.clipRatioRegion()).isEqualTo(0.25);
        assertThat(statistics.ratioMax()).isCloseTo(Math.exp(0.4), within(1e-6));
        assertThat(statistics.ratioMin()).isCloseTo(Math.exp(-0.4), within(1e-6));
        // Δ = 0.2, -0.1, -0.3, 0.4: all with the sign of the advantage.
        assertThat(statistics.absDeltaMean()).isCloseTo(0.25, within(1e-6));
        assertThat(statistics.absDeltaMax()).isCloseTo(0.4, within(1e-6));
        assertThat(statistics.deltaAgreement()).isEqualTo(1);
    }

    private static void check(
            PolicyObjective objective, GroupEstimator estimator, Aggregation aggregation, double expected) {
        assertThat(evaluate(objective, estimator, aggregation).loss()).isCloseTo(expected, within(6e-7));
    }

    private static ObjectiveResult evaluate(
            PolicyObjective objective, GroupEstimator estimator, Aggregation aggregation) {
        double[] advantages = estimator.advantages(new GroupRewards(new double[] {1, 0, 0, 1}, Fixtures.LENGTHS));
        return objective.evaluate(Fixtures.golden(advantages), aggregation.normalizer(Fixtures.LENGTHS));
    }
}
