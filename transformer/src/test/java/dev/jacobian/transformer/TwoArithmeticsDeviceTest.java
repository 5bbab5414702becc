// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer;

import static dev.jacobian.testing.Bits.assertBits;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.jacobian.autograd.NoGrad;
import dev.jacobian.autograd.Parameter;
import dev.jacobian.autograd.optim.AdamW;
import dev.jacobian.autograd.optim.AdamWConfig;
import dev.jacobian.autograd.optim.GradientClipping;
import dev.jacobian.tensor.Arithmetic;
import dev.jacobian.tensor.DType;
import dev.jacobian.tensor.Device;
import dev.jacobian.tensor.Segments;
import dev.jacobian.tensor.Workspace;
import dev.jacobian.testing.TestPaths;
import dev.jacobian.transformer.generation.GenerationConfig;
import dev.jacobian.transformer.generation.Generator;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** Models of different arithmetics in one process, taking turns on one GPU: each trains and samples to its own bits. */
class TwoArithmeticsDeviceTest {
    private static final int STEPS = 4; // computed, captured, and replayed twice

    @BeforeEach
    void device() {
        Assumptions.assumeFalse(TestModels.placement().device().equals(Device.CPU), "no device named");
    }

    /** A model at work, and every number that it gave. */
    private static final class Work implements AutoCloseable {
        private final CausalLM model;
        private final TrainingPass pass;
        private final AdamW optimizer;
        private final Workspace workspace = new Workspace();
        private final List<float[]> numbers = new ArrayList<>();
        private int steps;

        Work(ModelOptions options) {
            model = CausalLM.load(TestPaths.model("qwen3"), options);
            pass = new TrainingPass(model);
            optimizer = new AdamW(model.parameters(), AdamWConfig.DEFAULT);
        }

        /** A clipped step on two sequences, continuations of a prompt, and logits. */
        void step() {
            int seed = steps++;
            LabelledBatch batch = LabelledBatch.of(
                    List.of(tokens(seed, 9), tokens(seed + 50, 14)), List.of(tokens(seed, 9), tokens(seed + 50, 14)));
            float[] weights = new float[batch.targets().length];
            Arrays.fill(weights, 0.1f);
            workspace.run(() -> numbers.add(new float[] {(float) pass.run(batch, weights)}));
            float scale = GradientClipping.measure(model.parameters(), 0.1).scale();
            optimizer.step(1e-2, scale);
            optimizer.zeroGrad();
            for (Parameter parameter : model.parameters()) {
                numbers.add(parameter.value().toFloatArray());
            }
            new Generator(model)
                    .generate(List.of(tokens(seed, 5)), 3, GenerationConfig.sampling(5, 1f, seed))
                    .getFirst()
                    .forEach(one -> numbers.add(one.logProbs()));
            numbers.add(model.logits(tokens(seed, 8)).toFloatArray());
        }

        private static int[] tokens(int seed, int length) {
            return TestModels.tokens(seed, length, 384);
        }

        @Override
        public void close() {
            pass.close();
        }
    }

    private static List<float[]> alone(ModelOptions options) {
        try (Work work = new Work(options)) {
            for (int step = 0; step < STEPS; step++) {
                work.step();
            }
            return work.numbers;
        }
    }

    @Test
    @DisplayName("the bits that each has alone")
    void takingTurns() {
        List<ModelOptions> options = List.of(
                TestModels.placement(Arithmetic.FAST),
                TestModels.placement(Arithmetic.TF32),
                TestModels.placement(Arithmetic.BATCH_INVARIANT),
                TestModels.placement(Arithmetic.FAST).computingIn(DType.BF16),
                TestModels.placement(Arithmetic.BATCH_INVARIANT).computingIn(DType.BF16));
        List<List<float[]>> alone =
                options.stream().map(TwoArithmeticsDeviceTest::alone).toList();
        List<Work> together = options.stream().map(Work::new).toList();
        for (int step = 0; step < STEPS; step++) {
            together.forEach(Work::step);
        }
        for (int i = 0; i < options.size(); i++) {
            for (int n = 0; n < alone.get(i).size(); n++) {
                assertBits(
                        options.get(i) + " number " + n,
                        together.get(i).numbers.get(n),
                        alone.get(i).get(n));
            }
            for (int other = 0; other < i; other++) {
                assertThat(alone.get(i).getLast())
                        .as(options.get(i) + " and " + options.get(other))
                        .isNotEqualTo(alone.get(other).getLast());
            }
        }
        together.forEach(Work::close);
    }

    @Test
    @DisplayName("a model moves to another arithmetic with its weights, and takes no cache of the former")
    void moving() {
        ModelOptions ordered = TestModels.placement(Arithmetic.BATCH_INVARIANT);
        CausalLM fast = CausalLM.load(TestPaths.model("qwen3"), TestModels.placement(Arithmetic.FAST));
        CausalLM moved = fast.to(ordered.device(), DType.F32);
        int[] tokens = TestModels.tokens(3, 11, 384);
        assertBits(
                "logits",
                moved.logits(tokens).toFloatArray(),
                CausalLM.load(TestPaths.model("qwen3"), ordered).logits(tokens).toFloatArray());
        var cache = fast.newKvCache();
        assertThatThrownBy(() ->
                        NoGrad.run(() -> moved.hidden(tokens, Segments.of(11), cache, new int[] {cache.add()})))
                .hasMessageContaining("one arithmetic");
    }
}
