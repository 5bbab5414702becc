// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer;

import static dev.jacobian.testing.Bits.assertBits;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.jacobian.autograd.Parameter;
import dev.jacobian.autograd.Reduction;
import dev.jacobian.autograd.Var;
import dev.jacobian.tensor.WeightFormat;
import dev.jacobian.testing.TestPaths;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** Training passes on the CPU: what the operations give when they are called one by one. */
class TrainingPassTest {
    private static CausalLM model() {
        return CausalLM.load(TestPaths.model("qwen3"));
    }

    private static LabelledBatch batch(long seed, int... lengths) {
        List<int[]> sequences = new ArrayList<>();
        List<int[]> labels = new ArrayList<>();
        for (int s = 0; s < lengths.length; s++) {
            int[] tokens = TestModels.tokens(seed + s, lengths[s], 384);
            int[] label = tokens.clone();
            Arrays.fill(label, 0, lengths[s] / 3, LabelledBatch.IGNORE);
            sequences.add(tokens);
            labels.add(label);
        }
        return LabelledBatch.of(sequences, labels);
    }

    private static float[] weights(LabelledBatch batch) {
        float[] weights = new float[batch.targets().length];
        for (int i = 0; i < weights.length; i++) {
            weights[i] = (i % 5) / 7f; // some of them 0
        }
        return weights;
    }

    @Test
    @DisplayName("loss and gradients of several micro-batches are those of a weighted sum, bit for bit")
    void weightedSum() {
        CausalLM passed = model();
        CausalLM summed = model();
        try (TrainingPass pass = new TrainingPass(passed)) {
            for (int seed = 0; seed < 3; seed++) {
                LabelledBatch batch = batch(seed, 9, 1, 14 + seed);
                float[] weights = weights(batch);
                float[] factors = new float[weights.length];
                for (int i = 0; i < factors.length; i++) {
                    factors[i] = -weights[i];
                }
                Var logProbs = summed.logProbs(
                                summed.hidden(batch.tokens(), batch.segments()), batch.rows(), batch.targets(), 1f)
                        .logProbs(); // [R]
                Var loss = Reduction.weightedSum(logProbs, factors);
                loss.backward();
                assertThat(pass.run(batch, weights)).isEqualTo(loss.value().item());
            }
        }
        for (Parameter parameter : summed.parameters()) {
            assertBits(
                    parameter.name(),
                    passed.parameter(parameter.name()).grad().orElseThrow().toFloatArray(),
                    parameter.grad().orElseThrow().toFloatArray());
        }
    }

    @Test
    @DisplayName("a batch without targets adds nothing")
    void noTargets() {
        CausalLM model = model();
        int[] tokens = TestModels.tokens(1, 6, 384);
        int[] labels = new int[6];
        Arrays.fill(labels, LabelledBatch.IGNORE);
        try (TrainingPass pass = new TrainingPass(model)) {
            assertThat(pass.run(LabelledBatch.of(List.of(tokens), List.of(labels)), new float[0]))
                    .isZero();
        }
        assertThat(model.parameters()).allSatisfy(p -> assertThat(p.grad()).isEmpty());
    }

    @Test
    @DisplayName("wrong arguments are refused")
    void wrongArguments() {
        LabelledBatch batch = batch(1, 9);
        try (TrainingPass pass = new TrainingPass(model())) {
            assertThatThrownBy(() -> pass.run(batch, new float[2]))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("2 weights for 6 targets");
            batch.tokens()[4] = 384;
            assertThatThrownBy(() -> pass.run(batch, new float[6]))
                    .isInstanceOf(IndexOutOfBoundsException.class)
                    .hasMessageContaining("384");
            batch.tokens()[4] = 3;
            batch.targets()[5] = -1;
            assertThatThrownBy(() -> pass.run(batch, new float[6]))
                    .isInstanceOf(IndexOutOfBoundsException.class)
                    .hasMessageContaining("-1");
        }
        CausalLM frozen = CausalLM.load(TestPaths.model("qwen3"), WeightFormat.BF16);
        assertThatThrownBy(() -> new TrainingPass(frozen))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("needs F32 weights");
    }
}
