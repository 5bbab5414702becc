// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.objective;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import dev.jacobian.autograd.LogitForm;
import dev.jacobian.autograd.Parameter;
import dev.jacobian.autograd.TokenEntropies;
import dev.jacobian.autograd.TokenLogProbs;
import dev.jacobian.autograd.Var;
import dev.jacobian.rl.objective.LossGoldens.Case;
import dev.jacobian.tensor.Tensor;
import java.util.Set;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Entropies, their gradient and Σ π² of verl's logits, by the operations that measure them in training: a head that is the identity. */
class EntropyGoldenTest {

    static Stream<Case> cases() {
        return LossGoldens.VERL.cases("entropy_loss", "sum_pi_squared");
    }

    @ParameterizedTest
    @MethodSource("cases")
    @DisplayName("the mean entropy of counted tokens with its gradient at the logits; the chance that two draws agree")
    void ofLogits(Case one) {
        JsonNode logits = one.input("logits"); // [B, T, V]
        int width = logits.get(0).size();
        int vocabulary = logits.get(0).get(0).size();
        int rows = logits.size() * width;
        float[] states = new float[rows * vocabulary];
        float[] identity = new float[vocabulary * vocabulary];
        for (int i = 0; i < states.length; i++) {
            int row = i / vocabulary;
            states[i] = (float)
                    logits.get(row / width).get(row % width).get(i % vocabulary).doubleValue();
        }
        for (int v = 0; v < vocabulary; v++) {
            identity[v * vocabulary + v] = 1;
        }
        Parameter hidden = Var.parameter("logits", Tensor.of(states, rows, vocabulary));
        Parameter head = Var.parameter("identity", Tensor.of(identity, vocabulary, vocabulary));
        int[] all = IntStream.range(0, rows).toArray();
        TokenLogProbs.Result scored = TokenLogProbs.tokenLogProbs(
                hidden, head, LogitForm.PLAIN, all, new int[rows], 1f, Set.of(TokenLogProbs.Measure.COLLISION));
        if (one.function().equals("sum_pi_squared")) {
            double[] expected = LossGoldens.flat(LossGoldens.rows(one.json().get("output")));
            float[] collisions =
                    scored.measures().get(TokenLogProbs.Measure.COLLISION).toFloatArray();
            for (int t = 0; t < rows; t++) {
                assertThat((double) collisions[t]).isCloseTo(expected[t], within(1e-6));
            }
            return;
        }
        Var entropies = TokenEntropies.of(hidden, head, LogitForm.PLAIN, all, 1f, scored);
        double[] expected = LossGoldens.flat(LossGoldens.rows(one.output("token_entropy")));
        boolean[][] mask = one.mask("response_mask");
        float[] values = entropies.value().toFloatArray();
        int counted = 0;
        double mean = 0;
        for (int t = 0; t < rows; t++) {
            assertThat((double) values[t]).isCloseTo(expected[t], within(1e-6));
            counted += mask[t / width][t % width] ? 1 : 0;
        }
        float[] weights = new float[rows];
        for (int t = 0; t < rows; t++) {
            weights[t] = mask[t / width][t % width] ? 1f / counted : 0;
            mean += weights[t] * values[t];
        }
        assertThat(mean).isCloseTo(one.output("loss").doubleValue(), within(1e-6));
        JsonNode expectedGradient = one.output("grad_logits");
        if (expectedGradient.isNull()) { // recorded for one of the masks
            return;
        }
        entropies.backward(Tensor.of(weights, rows));
        float[] gradient = hidden.grad().orElseThrow().toFloatArray();
        for (int i = 0; i < gradient.length; i++) {
            int row = i / vocabulary;
            assertThat((double) gradient[i])
                    .isCloseTo(
                            expectedGradient
                                    .get(row / width)
                                    .get(row % width)
                                    .get(i % vocabulary)
                                    .doubleValue(),
                            within(1e-6));
        }
    }
}
