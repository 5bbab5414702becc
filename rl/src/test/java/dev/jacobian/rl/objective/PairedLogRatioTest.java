// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.objective;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.jacobian.rl.objective.PairedLogRatio.Anchor;
import dev.jacobian.rl.objective.PairedLogRatio.Loss;
import java.util.Arrays;
import java.util.Optional;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** DPO of sampled pairs: golden numbers, derivatives, and what is no pair. */
class PairedLogRatioTest {
    private static final Aggregation MEAN = Aggregation.sequenceMeanTokenSum();

    /** The first two sequences of the golden group, whose log-ratios to the reference are 0.4 and −0.2. */
    private static TokenBatch golden(double first, double second) {
        return cut(Fixtures.golden(first, second, 0, 0), 2);
    }

    private static TokenBatch cut(TokenBatch batch, int sequences) {
        int n = batch.sequenceOffsets()[sequences];
        return new TokenBatch(
                Arrays.copyOf(batch.logProbs(), n),
                Arrays.copyOf(batch.oldLogProbs(), n),
                batch.refLogProbs().map(ref -> Arrays.copyOf(ref, n)),
                Arrays.copyOf(batch.advantages(), n),
                Arrays.copyOf(batch.sequenceOffsets(), sequences + 1),
                Arrays.copyOf(batch.mask(), n));
    }

    private static ObjectiveResult evaluate(PairedLogRatio objective, TokenBatch batch) {
        return objective.evaluate(batch, MEAN.normalizer(batch.lengths()));
    }

    @Test
    @DisplayName("chosen 0.4, rejected -0.2 nats from the reference: DPO 0.663597, IPO of sums 19.36")
    void golden() {
        TokenBatch pair = golden(1, 0);
        assertThat(evaluate(new PairedLogRatio(0.1, Loss.SIGMOID, Anchor.REFERENCE), pair)
                        .loss())
                .isCloseTo(0.663597, within(1e-6));
        assertThat(evaluate(new PairedLogRatio(0.1, Loss.IPO, Anchor.REFERENCE), pair)
                        .loss())
                .isCloseTo(19.36, within(1e-4));
        assertThat(evaluate(new PairedLogRatio(0.1, Loss.SIGMOID, Anchor.REFERENCE), golden(-2, 3))
                        .loss())
                .as("the higher advantage is the better one, wherever it stands")
                .isCloseTo(Math.log1p(Math.exp(0.06)), within(1e-6));
    }

    @ParameterizedTest
    @CsvSource({"SIGMOID,PREVIOUS", "SIGMOID,REFERENCE", "IPO,PREVIOUS", "IPO,REFERENCE"})
    @DisplayName("derivatives are those of the loss, by finite differences")
    void finiteDifferences(Loss loss, Anchor anchor) {
        PairedLogRatio objective = new PairedLogRatio(0.7, loss, anchor);
        TokenBatch batch = Fixtures.random(5, 3, 7, 4, 6);
        float[] gradient = evaluate(objective, batch).gradLogProbs();
        float h = 1 / 1024f;
        for (int t = 0; t < batch.tokens(); t++) {
            double slope = (shifted(objective, batch, t, h) - shifted(objective, batch, t, -h)) / (2 * h);
            assertThat((double) gradient[t]).as("token " + t).isCloseTo(batch.mask()[t] ? slope : 0, within(2e-6));
        }
    }

    private static double shifted(PairedLogRatio objective, TokenBatch batch, int token, float h) {
        float[] moved = batch.logProbs().clone();
        moved[token] += h;
        return evaluate(
                        objective,
                        new TokenBatch(
                                moved,
                                batch.oldLogProbs(),
                                batch.refLogProbs(),
                                batch.advantages(),
                                batch.sequenceOffsets(),
                                batch.mask()))
                .loss();
    }

    @Test
    @DisplayName("at the anchor the gradient is β/2 of REINFORCE on ±1, per pair")
    void atTheAnchor() {
        TokenBatch batch = cut(Fixtures.goldenOnPolicy(1, -1, 0, 0), 2);
        float[] pair = evaluate(new PairedLogRatio(0.3, Loss.SIGMOID, Anchor.PREVIOUS), batch)
                .gradLogProbs();
        float[] reinforce = new Reinforce()
                .evaluate(batch, MEAN.normalizer(batch.lengths()))
                .gradLogProbs();
        for (int t = 0; t < pair.length; t++) {
            assertThat(pair[t]).isCloseTo(0.3f * reinforce[t], within(1e-7f));
        }
    }

    @Test
    @DisplayName("equal advantages are no preference; an odd sequence and a missing reference are errors")
    void noPairs() {
        ObjectiveResult equal = evaluate(new PairedLogRatio(0.1, Loss.SIGMOID, Anchor.PREVIOUS), golden(0.5, 0.5));
        assertThat(equal.loss()).isZero();
        assertThat(equal.gradLogProbs()).containsOnly(0f);
        assertThatThrownBy(() -> evaluate(
                        new PairedLogRatio(0.1, Loss.SIGMOID, Anchor.PREVIOUS), cut(Fixtures.golden(1, 0, 1, 0), 3)))
                .hasMessage(
                        "preferences need sequences in twos, but sequence 2 has no partner; keep two samples of every"
                                + " prompt");
        TokenBatch pair = golden(1, 0);
        TokenBatch without = new TokenBatch(
                pair.logProbs(),
                pair.oldLogProbs(),
                Optional.empty(),
                pair.advantages(),
                pair.sequenceOffsets(),
                pair.mask());
        assertThatThrownBy(() -> evaluate(new PairedLogRatio(0.1, Loss.SIGMOID, Anchor.REFERENCE), without))
                .hasMessageContaining("but the batch has none");
        assertThatThrownBy(() -> new PairedLogRatio(0, Loss.SIGMOID, Anchor.PREVIOUS))
                .hasMessage("beta must be positive and finite, got 0.0");
    }

    @Test
    @DisplayName("imitation is the cross-entropy of what counts, and refuses negative samples")
    void imitation() {
        TokenBatch kept = Fixtures.golden(1, 1, 1, 1);
        double loss = new Imitation()
                .evaluate(kept, Aggregation.tokenMean().normalizer(kept.lengths()))
                .loss();
        double sum = 0;
        for (float logProb : kept.logProbs()) {
            sum -= logProb;
        }
        assertThat(loss).isCloseTo(sum / kept.tokens(), within(1e-9));
        TokenBatch negative = Fixtures.golden(1, -1, 1, 1);
        assertThatThrownBy(() -> new Imitation()
                        .evaluate(negative, Aggregation.tokenMean().normalizer(negative.lengths())))
                .hasMessageContaining("imitation has no negative samples, but token 2 has the advantage -1.0");
    }
}
