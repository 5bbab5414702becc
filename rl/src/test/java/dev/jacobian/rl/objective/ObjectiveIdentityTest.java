// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.objective;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.jacobian.rl.advantage.GroupNormalized;
import dev.jacobian.rl.advantage.GroupRewards;
import dev.jacobian.rl.advantage.LengthWeightedBaseline;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class ObjectiveIdentityTest {
    private static final double[] ADVANTAGES = {0.5, -0.5, -0.25, 0.75};
    private static final List<Aggregation> AGGREGATIONS = List.of(
            Aggregation.tokenMean(),
            Aggregation.sequenceMeanTokenMean(),
            Aggregation.sequenceMeanTokenSum(),
            Aggregation.constant(8),
            Aggregation.tokenSum());

    static Stream<PolicyObjective> objectives() {
        KlPenalty kl = KlPenalty.k3(0.3);
        return Stream.of(
                new Reinforce(),
                new Reinforce(new KlPenalty(0.3, KlEstimator.K2)),
                new ClippedSurrogate(0.2, 0.28),
                new ClippedSurrogate(0.2, 0.28, kl, RatioLevel.TOKEN),
                new ClippedSurrogate(0.1, 0.1, kl, RatioLevel.SEQUENCE_MEAN),
                new ClippedSurrogate(0.5, 0.5, KlPenalty.NONE, RatioLevel.SEQUENCE_SUM),
                new CappedImportance(1.5, kl),
                SquaredLogRatio.mirrorDescent(0.1),
                SquaredLogRatio.mirrorDescentRegression(0.5),
                SquaredLogRatio.dro(0.1),
                SquaredLogRatio.sppo(10),
                new SquaredLogRatio(SquaredLogRatio.Level.TOKEN, SquaredLogRatio.Form.REGRESSION, 0.3, 0.7));
    }

    @Test
    void onPolicyAllObjectivesHaveOneGradient() {
        List<PolicyObjective> sameGradient = List.of(
                new ClippedSurrogate(0.2, 0.2),
                new ClippedSurrogate(3e-4, 4e-4, KlPenalty.NONE, RatioLevel.SEQUENCE_MEAN),
                new CappedImportance(5, KlPenalty.NONE),
                SquaredLogRatio.mirrorDescent(0.1),
                SquaredLogRatio.mirrorDescentRegression(0.1),
                SquaredLogRatio.dro(0.1));
        TokenBatch batch = Fixtures.goldenOnPolicy(ADVANTAGES);
        for (Aggregation aggregation : AGGREGATIONS) {
            Normalizer normalizer = aggregation.normalizer(Fixtures.LENGTHS);
            float[] reinforce = new Reinforce().evaluate(batch, normalizer).gradLogProbs();
            for (PolicyObjective objective : sameGradient) {
                float[] gradient = objective.evaluate(batch, normalizer).gradLogProbs();
                for (int t = 0; t < gradient.length; t++) {
                    assertThat(gradient[t])
                            .as("%s, %s, token %d", objective, aggregation, t)
                            .isCloseTo(reinforce[t], within(1e-6f));
                }
            }
        }
        // TRL's RLOO counts a sequence's loss once per token: its mean over tokens is the others' sum over tokens.
        assertThat(new ClippedSurrogate(0.2, 0.2, KlPenalty.NONE, RatioLevel.SEQUENCE_SUM)
                        .evaluate(batch, Aggregation.sequenceMeanTokenMean().normalizer(Fixtures.LENGTHS))
                        .gradLogProbs())
                .containsExactly(
                        new Reinforce()
                                .evaluate(
                                        batch,
                                        Aggregation.sequenceMeanTokenSum().normalizer(Fixtures.LENGTHS))
                                .gradLogProbs(),
                        within(1e-7f));
    }

    @Test
    void onPolicyTheRatioIsExactlyOne() {
        ObjectiveStatistics statistics = new ClippedSurrogate(0, 0)
                .evaluate(
                        Fixtures.goldenOnPolicy(ADVANTAGES),
                        Aggregation.tokenMean().normalizer(Fixtures.LENGTHS))
                .statistics();
        assertThat(statistics.ratioMin()).isEqualTo(1);
        assertThat(statistics.ratioMax()).isEqualTo(1);
        assertThat(statistics.ratioMean()).isEqualTo(1);
        assertThat(statistics.oldKlMean()).isZero();
        assertThat(statistics.absDeltaMax()).isZero();
        assertThat(statistics.clipRatioRegion()).isZero();
    }

    @Test
    void onPolicyTheLossOfGrpoIsZeroButNotItsGradient() {
        double[] advantages =
                new GroupNormalized().advantages(new GroupRewards(new double[] {1, 0, 0, 1}, new int[] {3, 3, 3, 3}));
        TokenBatch batch = new TokenBatch(
                Fixtures.NEW,
                Fixtures.NEW,
                Optional.empty(),
                TokenBatch.spread(advantages, new int[] {0, 3, 6, 9, 12}),
                new int[] {0, 3, 6, 9, 12},
                Fixtures.all(12));
        for (Aggregation aggregation : AGGREGATIONS) {
            ObjectiveResult result =
                    new ClippedSurrogate(0.2, 0.2).evaluate(batch, aggregation.normalizer(batch.lengths()));
            assertThat(result.loss()).isCloseTo(0, within(1e-12));
            for (float derivative : result.gradLogProbs()) {
                assertThat(Math.abs(derivative)).isGreaterThan(0.01f);
            }
        }
    }

    @Test
    void opoSummedGradientOfAGroupVanishes() {
        double[] advantages =
                new LengthWeightedBaseline().advantages(new GroupRewards(new double[] {1, 0, 0, 1}, Fixtures.LENGTHS));
        float[] gradient = new Reinforce()
                .evaluate(Fixtures.golden(advantages), Aggregation.tokenMean().normalizer(Fixtures.LENGTHS))
                .gradLogProbs();
        double sum = 0;
        for (float derivative : gradient) {
            sum += derivative;
        }
        assertThat(sum).isCloseTo(0, within(1e-8));
    }

    @Test
    void withoutAdvantageOnlyMirrorDescentStillPullsToItsAnchor() {
        TokenBatch batch = Fixtures.golden(0, 0, 0, 0);
        Normalizer normalizer = Aggregation.tokenMean().normalizer(Fixtures.LENGTHS);
        for (PolicyObjective objective :
                List.of(new Reinforce(), new ClippedSurrogate(0.2, 0.2), new CappedImportance(5, KlPenalty.NONE))) {
            assertThat(objective.evaluate(batch, normalizer).gradLogProbs()).containsOnly(0f);
        }
        // Δ = 0.2 > 0 in the first sequence: descending on a positive gradient lowers Δ.
        float[] gradient =
                SquaredLogRatio.mirrorDescent(0.1).evaluate(batch, normalizer).gradLogProbs();
        assertThat(gradient[0]).isCloseTo(0.1f * 0.2f / 12, within(1e-8f));
        assertThat(SquaredLogRatio.mirrorDescent(0.1)
                        .evaluate(Fixtures.goldenOnPolicy(0, 0, 0, 0), normalizer)
                        .gradLogProbs())
                .containsOnly(0f);
    }

    @Test
    void bothFormsOfMirrorDescentHaveOneGradient() {
        // d(A - τΔ)²/dlogp / (2τ) = -A + (τ/2) dΔ²/dlogp, equation (3) of Kimi k1.5.
        TokenBatch batch = Fixtures.random(11, 4, 7, 1, 5);
        Normalizer normalizer = Aggregation.sequenceMeanTokenSum().normalizer(batch.lengths());
        assertThat(SquaredLogRatio.mirrorDescentRegression(0.3)
                        .evaluate(batch, normalizer)
                        .gradLogProbs())
                .containsExactly(SquaredLogRatio.mirrorDescent(0.3)
                        .evaluate(batch, normalizer)
                        .gradLogProbs());
    }

    @ParameterizedTest
    @MethodSource("objectives")
    void microBatchesChangeNothing(PolicyObjective objective) {
        TokenBatch whole = Fixtures.random(5, 3, 8, 1, 6, 0, 4);
        for (Aggregation aggregation : AGGREGATIONS) {
            Normalizer normalizer = aggregation.normalizer(whole.lengths());
            ObjectiveResult expected = objective.evaluate(whole, normalizer);
            double loss = 0;
            ObjectiveStatistics statistics = ObjectiveStatistics.EMPTY;
            float[] gradient = new float[whole.tokens()];
            for (int[] part : new int[][] {{0, 1}, {1, 4}, {4, 6}}) {
                ObjectiveResult result = objective.evaluate(slice(whole, part[0], part[1]), normalizer);
                loss += result.loss();
                statistics = statistics.plus(result.statistics());
                System.arraycopy(
                        result.gradLogProbs(), 0, gradient, whole.start(part[0]), result.gradLogProbs().length);
            }
            assertThat(gradient).containsExactly(expected.gradLogProbs());
            assertThat(loss).isCloseTo(expected.loss(), within(1e-10));
            assertThat(statistics.clippedHigh()).isEqualTo(expected.statistics().clippedHigh());
            assertThat(statistics.klMean()).isCloseTo(expected.statistics().klMean(), within(1e-12));
            normalizer.requireComplete(statistics);
        }
    }

    @ParameterizedTest
    @MethodSource("objectives")
    void gradientsAreThoseOfFiniteDifferences(PolicyObjective objective) {
        TokenBatch batch = Fixtures.random(9, 4, 2, 6);
        float step = 0x1p-10f; // exact in float on the grid of the fixture, so all rounding is that of double
        for (Aggregation aggregation : AGGREGATIONS) {
            Normalizer normalizer = aggregation.normalizer(batch.lengths());
            // CISPO's weight is a constant in its gradient: hold it by differentiating REINFORCE's form, see below.
            float[] gradient = objective.evaluate(batch, normalizer).gradLogProbs();
            for (int t = 0; t < batch.tokens(); t++) {
                double slope = objective instanceof CappedImportance cispo
                        ? heldWeightSlope(cispo, batch, normalizer, t, step)
                        : (lossWith(objective, batch, normalizer, t, step)
                                        - lossWith(objective, batch, normalizer, t, -step))
                                / (2 * step);
                double scale = Math.max(1, Math.abs(slope));
                assertThat((double) gradient[t])
                        .as("%s, %s, token %d", objective, aggregation, t)
                        .isCloseTo(slope, within(3e-6 * scale));
                if (!batch.mask()[t]) {
                    assertThat(gradient[t]).isZero();
                }
            }
        }
    }

    @Test
    void advantagesOfTheirOwnForEveryToken() {
        TokenBatch even = Fixtures.random(17, 4, 6);
        double[] advantages = even.advantages().clone();
        advantages[1] = -0.7;
        advantages[6] = 1.3;
        TokenBatch batch = new TokenBatch(
                even.logProbs(),
                even.oldLogProbs(),
                even.refLogProbs(),
                advantages,
                even.sequenceOffsets(),
                Fixtures.all(even.tokens()));
        Normalizer normalizer = Aggregation.tokenMean().normalizer(batch.lengths());
        float step = 0x1p-10f;
        for (PolicyObjective objective :
                List.of(new Reinforce(KlPenalty.k3(0.3)), new ClippedSurrogate(0.2, 0.28), SquaredLogRatio.dro(0.1))) {
            float[] gradient = objective.evaluate(batch, normalizer).gradLogProbs();
            for (int t = 0; t < batch.tokens(); t++) {
                double slope = (lossWith(objective, batch, normalizer, t, step)
                                - lossWith(objective, batch, normalizer, t, -step))
                        / (2 * step);
                assertThat((double) gradient[t])
                        .as("%s, token %d", objective, t)
                        .isCloseTo(slope, within(3e-6));
            }
        }
        // REINFORCE: each token's gradient is its own advantage times its weight.
        float[] gradient = new Reinforce().evaluate(batch, normalizer).gradLogProbs();
        assertThat(gradient[1]).isEqualTo((float) (0.7 / 10));
        assertThat(gradient[6]).isEqualTo((float) (-1.3 / 10));
        for (PolicyObjective sequences : List.of(
                SquaredLogRatio.mirrorDescent(0.1),
                new ClippedSurrogate(0.1, 0.1, KlPenalty.NONE, RatioLevel.SEQUENCE_MEAN))) {
            assertThatThrownBy(() -> sequences.evaluate(batch, normalizer))
                    .hasMessageContaining("one advantage for all tokens of a sequence")
                    .hasMessageContaining("sequence 0")
                    .hasMessageContaining("-0.7");
        }
    }

    @ParameterizedTest
    @MethodSource("objectives")
    void whatIsMaskedDoesNotMatter(PolicyObjective objective) {
        TokenBatch batch = Fixtures.random(21, 5, 5, 5);
        float[] changed = batch.logProbs().clone();
        for (int t = 0; t < changed.length; t++) {
            changed[t] = batch.mask()[t] ? changed[t] : Float.NaN;
        }
        TokenBatch other = new TokenBatch(
                changed,
                batch.oldLogProbs(),
                batch.refLogProbs(),
                batch.advantages(),
                batch.sequenceOffsets(),
                batch.mask());
        Normalizer normalizer = Aggregation.tokenMean().normalizer(batch.lengths());
        assertThat(objective.evaluate(other, normalizer).gradLogProbs())
                .containsExactly(objective.evaluate(batch, normalizer).gradLogProbs());
        assertThat(objective.evaluate(other, normalizer).loss())
                .isEqualTo(objective.evaluate(batch, normalizer).loss());
    }

    private static double lossWith(
            PolicyObjective objective, TokenBatch batch, Normalizer normalizer, int t, float step) {
        return objective
                .evaluate(with(batch, t, batch.logProbs()[t] + step), normalizer)
                .loss();
    }

    /** The slope of CISPO's loss with the importance weight held: -w A dlogp, plus the KL term's own difference. */
    private static double heldWeightSlope(
            CappedImportance objective, TokenBatch batch, Normalizer normalizer, int t, float step) {
        if (!batch.mask()[t]) {
            return 0;
        }
        int s = Arrays.binarySearch(batch.sequenceOffsets(), t);
        s = s >= 0 ? s : -s - 2;
        double weight = normalizer.weight(batch.length(s));
        double held = Math.min(Math.exp(batch.logRatio(t)), objective.ratioCap());
        PolicyObjective klOnly = new Reinforce(objective.klPenalty());
        double kl = (lossWith(klOnly, batch, normalizer, t, step) - lossWith(klOnly, batch, normalizer, t, -step))
                        / (2 * step)
                + weight * batch.advantages()[t];
        return -weight * held * batch.advantages()[t] + kl;
    }

    private static TokenBatch with(TokenBatch batch, int t, float logProb) {
        float[] logProbs = batch.logProbs().clone();
        logProbs[t] = logProb;
        return new TokenBatch(
                logProbs,
                batch.oldLogProbs(),
                batch.refLogProbs(),
                batch.advantages(),
                batch.sequenceOffsets(),
                batch.mask());
    }

    /** Sequences {@code from .. to - 1} as a batch of their own. */
    private static TokenBatch slice(TokenBatch batch, int from, int to) {
        int first = batch.start(from);
        int last = batch.sequenceOffsets()[to];
        int[] offsets = Arrays.copyOfRange(batch.sequenceOffsets(), from, to + 1);
        for (int i = 0; i < offsets.length; i++) {
            offsets[i] -= first;
        }
        return new TokenBatch(
                Arrays.copyOfRange(batch.logProbs(), first, last),
                Arrays.copyOfRange(batch.oldLogProbs(), first, last),
                batch.refLogProbs().map(ref -> Arrays.copyOfRange(ref, first, last)),
                Arrays.copyOfRange(batch.advantages(), first, last),
                offsets,
                Arrays.copyOfRange(batch.mask(), first, last));
    }
}
