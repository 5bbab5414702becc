// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.objective;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.jacobian.rl.objective.DivergenceMask.Divergence;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Losses of single tokens and of sequences: derivatives against finite differences in double, and what holds on-policy. */
class TokenLossTest {
    private static final double STEP = 1e-6;

    static Stream<TokenLoss> losses() {
        return Stream.of(
                new DivergenceMask(Divergence.TV, 0.05, 0.1, 1.5),
                new DivergenceMask(Divergence.KL, 0.01, 0.02, 20),
                new ClippedImportance(0.2, 0.28),
                new ClippedImportance(1, 0.5),
                new ClippedQuadratic(0.8, 1.2, 0.1));
    }

    /** Those whose weight is a constant in their gradient: L = w A log π, so that the slope is L / log π. */
    private static boolean holdsItsWeight(TokenLoss loss) {
        return !(loss instanceof ClippedQuadratic);
    }

    @ParameterizedTest
    @MethodSource("losses")
    void derivatives(TokenLoss loss) {
        Random random = new Random(3);
        int bounded = 0;
        for (int i = 0; i < 300; i++) {
            double now = -2 * random.nextDouble() - 0.01;
            double old = Math.min(-0.005, now + 0.4 * random.nextGaussian());
            double advantage = random.nextGaussian();
            TokenLoss.Slope slope = loss.at(now, old, advantage);
            double expected = holdsItsWeight(loss)
                    ? slope.loss() / now
                    : (loss.at(now + STEP, old, advantage).loss()
                                    - loss.at(now - STEP, old, advantage).loss())
                            / (2 * STEP);
            assertThat(slope.derivative()).isCloseTo(expected, within(1e-8 * Math.max(1, Math.abs(expected))));
            bounded += slope.clipped() == TokenLoss.Side.NONE ? 0 : 1;
        }
        assertThat(bounded).as("bounds were met").isBetween(5, 250);
    }

    @ParameterizedTest
    @MethodSource("losses")
    @DisplayName("at the policy that sampled every loss has REINFORCE's derivative, −A")
    void onPolicy(TokenLoss loss) {
        for (double advantage : new double[] {-1.5, -0.1, 0, 0.3, 2}) {
            for (double logProb : new double[] {-0.001, -0.7, -12}) {
                TokenLoss.Slope slope = loss.at(logProb, logProb, advantage);
                assertThat(slope.derivative()).isEqualTo(-advantage);
                assertThat(slope.clipped()).isEqualTo(TokenLoss.Side.NONE);
            }
        }
    }

    static Stream<PolicyObjective> objectives() {
        return Stream.of(
                new TokenObjective(new ClippedQuadratic(0.8, 1.2, 0.1), KlPenalty.k3(0.3)),
                new TokenObjective(new ClippedImportance(0.2, 0.2)),
                new TokenObjective(new DivergenceMask(Divergence.TV, 0.1, 0.1, 3)),
                new TokenwiseSequenceRatio(0.05, 0.1, KlPenalty.k3(0.3)),
                new GeometricMean(0.2, 0.2),
                new CovariancePenalty(0.3, 0.5));
    }

    @ParameterizedTest
    @MethodSource("objectives")
    @DisplayName("on policy one gradient, whatever the aggregation and the factors of tokens")
    void onPolicy(PolicyObjective objective) {
        TokenBatch batch = Fixtures.goldenOnPolicy(0.5, -0.5, -0.25, 0.75);
        boolean sequences = objective instanceof GeometricMean; // its factors are a sequence's
        double[] factors = {1, 1, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 2, 2, 2, 3};
        for (Aggregation aggregation : List.of(
                Aggregation.tokenMean(), Aggregation.sequenceMeanTokenMean(), Aggregation.sequenceMeanTokenSum())) {
            Normalizer normalizer = aggregation.normalizer(Fixtures.LENGTHS);
            for (TokenBatch weighted : List.of(batch, batch.withWeights(factors))) {
                float[] reinforce = new Reinforce(klOf(objective))
                        .evaluate(weighted, normalizer)
                        .gradLogProbs();
                assertThat(objective.evaluate(weighted, normalizer).gradLogProbs())
                        .as("%s, %s, %s", objective, aggregation, sequences)
                        .containsExactly(reinforce, within(1e-6f));
            }
        }
    }

    private static KlPenalty klOf(PolicyObjective objective) {
        return objective.needsReference() ? KlPenalty.k3(0.3) : KlPenalty.NONE;
    }

    @ParameterizedTest
    @MethodSource("objectives")
    void finiteDifferences(PolicyObjective objective) {
        TokenBatch batch = Fixtures.random(9, 4, 2, 6);
        Normalizer normalizer = Aggregation.tokenMean().normalizer(batch.lengths());
        float[] gradient = objective.evaluate(batch, normalizer).gradLogProbs();
        float step = 0x1p-10f; // exact in float on the grid of the fixture
        for (int t = 0; t < batch.tokens(); t++) {
            if (!batch.mask()[t]) {
                assertThat(gradient[t]).isZero();
                continue;
            }
            if (objective instanceof TokenObjective tokens && holdsItsWeight(tokens.loss())) {
                continue; // see derivatives()
            }
            double up = objective.evaluate(with(batch, t, step), normalizer).loss();
            double down = objective.evaluate(with(batch, t, -step), normalizer).loss();
            assertThat((double) gradient[t])
                    .as("%s, token %d", objective, t)
                    .isCloseTo((up - down) / (2 * step), within(3e-6));
        }
    }

    @ParameterizedTest
    @MethodSource("objectives")
    @DisplayName("what is masked does not matter, nor does a sequence without tokens")
    void masked(PolicyObjective objective) {
        TokenBatch batch = Fixtures.random(21, 5, 0, 5, 5);
        float[] changed = batch.logProbs().clone();
        for (int t = 0; t < changed.length; t++) {
            changed[t] = batch.mask()[t] ? changed[t] : -77;
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

    private static TokenBatch with(TokenBatch batch, int t, float step) {
        float[] logProbs = batch.logProbs().clone();
        logProbs[t] += step;
        return new TokenBatch(
                logProbs,
                batch.oldLogProbs(),
                batch.refLogProbs(),
                batch.advantages(),
                batch.sequenceOffsets(),
                batch.mask());
    }

    @Test
    @DisplayName("GSPO of tokens is GSPO where a sequence's tokens share one advantage")
    void gspo() {
        TokenBatch batch = Fixtures.golden(0.5, -0.5, -0.5, 0.5);
        Normalizer normalizer = Aggregation.sequenceMeanTokenMean().normalizer(Fixtures.LENGTHS);
        ObjectiveResult tokens = new TokenwiseSequenceRatio(3e-4, 4e-4, KlPenalty.NONE).evaluate(batch, normalizer);
        ObjectiveResult sequences =
                new ClippedSurrogate(3e-4, 4e-4, KlPenalty.NONE, RatioLevel.SEQUENCE_MEAN).evaluate(batch, normalizer);
        assertThat(tokens.gradLogProbs()).containsExactly(sequences.gradLogProbs());
        assertThat(tokens.loss()).isEqualTo(sequences.loss()).isCloseTo(-0.000175, within(6e-7));
    }

    @Test
    @DisplayName("Kimi K2.5 on the golden group")
    void kimi() {
        TokenBatch batch = Fixtures.golden(0.5, -0.5, -0.5, 0.5);
        double loss = new TokenObjective(new ClippedQuadratic(0.8, 1.2, 0.1))
                .evaluate(batch, Aggregation.tokenMean().normalizer(Fixtures.LENGTHS))
                .loss();
        assertThat(loss).isCloseTo(0.233535, within(6e-7));
    }

    @Test
    @DisplayName("an anchor at the reference is an anchor at the policy that sampled, with the reference's numbers")
    void referenceAnchored() {
        TokenBatch batch = Fixtures.golden(0.5, -0.5, -0.25, 0.75);
        Normalizer normalizer = Aggregation.sequenceMeanTokenSum().normalizer(Fixtures.LENGTHS);
        SquaredLogRatio inner = SquaredLogRatio.mirrorDescentRegression(0.3);
        ReferenceAnchored anchored = new ReferenceAnchored(inner);
        assertThat(anchored.needsReference()).isTrue();
        assertThat(anchored.evaluate(batch, normalizer).gradLogProbs())
                .containsExactly(
                        inner.evaluate(batch.withOld(Fixtures.REF), normalizer).gradLogProbs());
        TokenBatch without = new TokenBatch(
                Fixtures.NEW,
                Fixtures.OLD,
                java.util.Optional.empty(),
                batch.advantages(),
                Fixtures.OFFSETS,
                batch.mask());
        assertThatThrownBy(() -> anchored.evaluate(without, normalizer)).hasMessageContaining("reference policy");
    }

    @Test
    @DisplayName("covariances: the tokens of the largest share are held or left out, clipped ones are no candidates")
    void covariances() {
        TokenBatch batch = Fixtures.golden(0.5, -0.5, -0.25, 0.75);
        Covariances covariances = new Covariances(batch);
        double sum = 0;
        for (int t = 0; t < batch.tokens(); t++) {
            sum += covariances.at(t);
        }
        double[] advantages = batch.advantages();
        double meanA = Arrays.stream(advantages).average().orElseThrow();
        double expected = 0;
        for (int t = 0; t < batch.tokens(); t++) {
            expected += (advantages[t] - meanA) * batch.logProbs()[t];
        }
        assertThat(sum).isCloseTo(expected, within(1e-6));
        boolean[] largest = covariances.largest(0.25, t -> t != 6);
        int count = 0;
        double least = Double.POSITIVE_INFINITY;
        for (int t = 0; t < largest.length; t++) {
            count += largest[t] ? 1 : 0;
            least = largest[t] ? Math.min(least, covariances.at(t)) : least;
        }
        assertThat(count).isEqualTo(3);
        for (int t = 0; t < largest.length; t++) {
            assertThat(largest[t] || t == 6 || covariances.at(t) <= least).isTrue();
        }
        ClipCovariance clip = new ClipCovariance(1, -10, 10, new ClippedSurrogate(0.2, 0.2));
        assertThat(clip.comparesTokens()).isTrue();
        double[] weights = clip.weights(batch);
        ObjectiveStatistics clipped = new ClippedSurrogate(0.2, 0.2)
                .evaluate(batch, Aggregation.tokenMean().normalizer(Fixtures.LENGTHS))
                .statistics();
        assertThat(Arrays.stream(weights).sum()).isEqualTo(clipped.clippedLow() + clipped.clippedHigh());
    }

    @Test
    void badSettings() {
        assertThatThrownBy(() -> new DivergenceMask(Divergence.TV, -1, 0, 2)).hasMessageContaining("at least 0");
        assertThatThrownBy(() -> new DivergenceMask(Divergence.TV, 1, 1, 0.5)).hasMessageContaining("ratioCap");
        assertThatThrownBy(() -> new ClippedImportance(1.1, 0)).hasMessageContaining("epsilonLow");
        assertThatThrownBy(() -> new ClippedQuadratic(1.1, 2, 0)).hasMessageContaining("both sides of 1");
        assertThatThrownBy(() -> new GeometricMean(0.1, -1)).hasMessageContaining("at least 0");
        assertThatThrownBy(() -> new CovariancePenalty(0, 1)).hasMessageContaining("(0, 1]");
        assertThatThrownBy(() -> new ClipCovariance(0.1, 2, 1, new ClippedSurrogate(0.2, 0.2)))
                .hasMessageContaining("below the upper");
        assertThatThrownBy(() -> new PreferenceScoreLoss(0)).hasMessageContaining("temperature");
        assertThatThrownBy(() -> RejectionMask.between(RejectionMask.Over.SUM, 2, 1))
                .hasMessageContaining("wrong order");
    }
}
