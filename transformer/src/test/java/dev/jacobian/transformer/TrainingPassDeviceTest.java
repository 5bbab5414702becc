// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer;

import static dev.jacobian.testing.Bits.assertBits;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.jacobian.autograd.Parameter;
import dev.jacobian.autograd.optim.AdamW;
import dev.jacobian.autograd.optim.AdamWConfig;
import dev.jacobian.autograd.optim.GradientClipping;
import dev.jacobian.tensor.Arithmetic;
import dev.jacobian.tensor.Backends;
import dev.jacobian.tensor.DType;
import dev.jacobian.tensor.Device;
import dev.jacobian.tensor.Segments;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.tensor.Workspace;
import dev.jacobian.testing.Bits;
import dev.jacobian.testing.TestPaths;
import dev.jacobian.transformer.generation.GenerationConfig;
import dev.jacobian.transformer.generation.Generator;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Training by replaying graphs: losses, gradients and weights of training without them, and of the CPU where bits are promised. */
class TrainingPassDeviceTest {
    private static final String PROPERTY = "jacobian.cuda.graphs";
    private static final String MODEL = "qwen3";
    private static final int VOCABULARY = 384;

    private ModelOptions there;

    @BeforeEach
    void device() {
        there = TestModels.placement();
        Assumptions.assumeFalse(there.device().equals(Device.CPU), "no device named");
    }

    @AfterEach
    void restore() {
        System.clearProperty(PROPERTY);
    }

    private static Path folder(String name) {
        return TestPaths.model(name);
    }

    /** A micro-batch of a shape whose ids and targets follow from a seed. */
    private static LabelledBatch batch(long seed, int vocabulary, int... lengths) {
        List<int[]> sequences = new ArrayList<>();
        List<int[]> labels = new ArrayList<>();
        for (int s = 0; s < lengths.length; s++) {
            // from a few ids that come often to many that come once
            int[] tokens = TestModels.tokens(31 * seed + s, lengths[s], seed % 2 == 0 ? vocabulary : 5);
            int[] label = tokens.clone();
            Arrays.fill(label, 0, lengths[s] / 4, LabelledBatch.IGNORE);
            sequences.add(tokens);
            labels.add(label);
        }
        return LabelledBatch.of(sequences, labels);
    }

    /** Weights that differ from batch to batch, some of them 0. */
    private static float[] weights(long seed, LabelledBatch batch) {
        SplittableRandom random = new SplittableRandom(seed);
        float[] weights = new float[batch.targets().length];
        for (int i = 0; i < weights.length; i++) {
            weights[i] = i % 6 == 5 ? 0 : (float) random.nextDouble(-0.2, 1);
        }
        return weights;
    }

    /** A training run, and all its numbers on the way. */
    private static final class Training implements AutoCloseable {
        private final CausalLM model;
        private final TrainingPass pass;
        private final AdamW optimizer;
        private final Workspace workspace = new Workspace();
        private final List<float[]> numbers = new ArrayList<>();
        private int shown; // states of layers
        private long seed;

        Training(CausalLM model) {
            this.model = model;
            var unused = model.logits(new int[50]); // positions enough: more would be a new table, and new graphs
            this.pass = new TrainingPass(model, state -> shown++);
            this.optimizer = new AdamW(model.parameters(), AdamWConfig.DEFAULT.withWeightDecay(0.01));
        }

        /** Times that the layers were called. */
        int calls() {
            assertThat(shown % (model.config().layers() + 1)).isZero();
            return shown / (model.config().layers() + 1);
        }

        void microBatch(int... lengths) {
            LabelledBatch batch = batch(seed, model.config().vocabularySize(), lengths);
            double loss = pass.run(batch, weights(seed++, batch));
            numbers.add(new float[] {(float) loss});
        }

        /** A clipped step over micro-batches of the given shapes. */
        void step(int[]... shapes) {
            workspace.run(() -> {
                for (int[] shape : shapes) {
                    microBatch(shape);
                }
            });
            for (Parameter parameter : model.parameters()) {
                numbers.add(parameter.grad().orElseThrow().toFloatArray());
            }
            GradientClipping.Norm norm = GradientClipping.measure(model.parameters(), 0.1);
            optimizer.step(1e-2, norm.scale());
            optimizer.zeroGrad();
            for (Parameter parameter : model.parameters()) {
                numbers.add(parameter.value().toFloatArray());
            }
        }

        @Override
        public void close() {
            pass.close();
        }
    }

    @FunctionalInterface
    private interface Script {
        void run(Training training);
    }

    private static Training run(CausalLM model, boolean graphs, Script script) {
        System.setProperty(PROPERTY, Boolean.toString(graphs));
        try (Training training = new Training(model)) {
            script.run(training);
            return training;
        }
    }

    private static void assertSame(String what, Training got, Training wanted) {
        assertThat(got.numbers).hasSameSizeAs(wanted.numbers);
        for (int i = 0; i < got.numbers.size(); i++) {
            assertBits(what + " number " + i, got.numbers.get(i), wanted.numbers.get(i));
        }
    }

    /** Runs a script with graphs and without, and on the CPU where the bits are promised to be its own. */
    private Training compare(String name, DType type, Script script) {
        Training graphs = run(CausalLM.load(folder(name), there.computingIn(type)), true, script);
        Training plain = run(CausalLM.load(folder(name), there.computingIn(type)), false, script);
        assertSame("without graphs", graphs, plain);
        if (type == DType.F32 && there.device().arithmetic() == Arithmetic.BATCH_INVARIANT) {
            assertSame("on the CPU", graphs, run(CausalLM.load(folder(name)), true, script));
        }
        assertThat(plain.calls()).isGreaterThan(graphs.calls());
        return graphs;
    }

    private static int[] shape(int... lengths) {
        return lengths;
    }

    @ParameterizedTest
    @CsvSource({
        "qwen3, F32, false, false",
        "qwen3, F32, true, false",
        "qwen3, F32, true, true",
        "qwen3, BF16, false, true",
        "llama-gqa, BF16, true, false",
        "llama-gqa, BF16, false, false",
        "llama-bias-linear, F32, true, false",
        "mistral-swa-f16, F32, true, false"
    })
    @DisplayName("the same losses, gradients and weights, with other ids, targets and weights in every micro-batch")
    void sameBits(String name, DType type, boolean batchInvariant, boolean checkpoints) {
        there = TestModels.placement(batchInvariant);
        Training graphs = compare(name, type, training -> {
            training.model.gradientCheckpointing(checkpoints);
            for (int step = 0; step < 3; step++) {
                training.step(shape(9, 14), shape(9, 14));
            }
        });
        assertThat(graphs.calls()).as("computed, then captured").isEqualTo(2);
    }

    @ParameterizedTest
    @CsvSource({"mixtral, false", "qwen3-moe, true"})
    @DisplayName("the load-balancing loss of experts: replayed with the bits of computing it, near the CPU's")
    void balanced(String name, boolean checkpoints) {
        List<TrainingPass.Loss> losses = new ArrayList<>();
        List<List<float[]>> gradients = new ArrayList<>();
        CausalLM here = CausalLM.load(folder(name));
        for (String graphs : List.of("true", "false", "CPU")) {
            System.setProperty(PROPERTY, graphs);
            CausalLM model = graphs.equals("CPU") ? here : CausalLM.load(folder(name), there);
            model.gradientCheckpointing(checkpoints);
            try (TrainingPass pass = new TrainingPass(model)) {
                for (int seed = 0; seed < 4; seed++) { // computed, captured, replayed
                    LabelledBatch batch = batch(seed, model.config().vocabularySize(), 9, 14);
                    float[] weights = weights(seed, batch);
                    float balance = 0.1f * (1 + seed);
                    losses.add(new Workspace().compute(() -> pass.run(batch, weights, balance)));
                }
            }
            gradients.add(model.parameters().stream()
                    .map(p -> p.grad().orElseThrow().toFloatArray())
                    .toList());
        }
        for (int i = 0; i < 4; i++) {
            assertThat(losses.get(i)).isEqualTo(losses.get(4 + i));
            assertThat(losses.get(i).balance()).isCloseTo(losses.get(8 + i).balance(), within(1e-5));
        }
        for (int p = 0; p < here.parameters().size(); p++) {
            String parameter = here.parameters().get(p).name();
            assertBits(parameter, gradients.get(0).get(p), gradients.get(1).get(p));
            Bits.assertClose(
                    parameter, gradients.get(0).get(p), gradients.get(2).get(p), 1e-4);
        }
    }

    @Test
    @DisplayName("shapes that take turns, and shapes that come once")
    void shapes() {
        there = TestModels.placement(true);
        Training graphs = compare(MODEL, DType.F32, training -> {
            for (int step = 0; step < 4; step++) {
                training.step(shape(9, 4), shape(12), shape(3 + step));
            }
        });
        assertThat(graphs.calls()).as("two of each that comes again").isEqualTo(4 + 4);
    }

    @Test
    @DisplayName("more shapes than graphs are kept of")
    void manyShapes() {
        there = TestModels.placement(true);
        compare(MODEL, DType.F32, training -> {
            for (int step = 0; step < 5; step++) {
                training.step(shape(5), shape(6), shape(7), shape(5));
            }
        });
    }

    @ParameterizedTest
    @ValueSource(strings = {"F32", "BF16"})
    @DisplayName("generation, other passes and longer sequences between the steps")
    void between(DType type) {
        there = TestModels.placement(type == DType.F32);
        Training graphs = compare(MODEL, type, training -> {
            for (int step = 0; step < 4; step++) {
                training.step(shape(9, 4));
                new Generator(training.model)
                        .generate(
                                List.of(TestModels.tokens(step, 5, VOCABULARY)), 2, GenerationConfig.sampling(6, 1f, 3))
                        .forEach(all -> all.forEach(one -> training.numbers.add(one.logProbs())));
                training.numbers.add(training.model
                        .logits(TestModels.tokens(step, 8, VOCABULARY))
                        .toFloatArray());
            }
            var unused = training.model.logits(new int[70]); // another table of positions
            for (int step = 0; step < 3; step++) {
                training.step(shape(9, 4));
            }
        });
        assertThat(graphs.calls()).isEqualTo(4);
    }

    @Test
    @DisplayName(
            "checkpointing that is turned on and off, gradients that are cleared in a workspace and outside, weights"
                    + " set by hand")
    void changes() {
        there = TestModels.placement(true);
        compare(MODEL, DType.F32, training -> {
            for (int step = 0; step < 9; step++) {
                training.model.gradientCheckpointing(step / 3 == 1);
                training.step(shape(6, 8));
                if (step % 2 == 0) {
                    training.microBatch(6, 8); // is forgotten
                    new Workspace().run(training.optimizer::zeroGrad);
                }
                Parameter weight = training.model.parameters().get(step);
                Tensor other = Tensor.zeros(DType.F32, weight.value().shape());
                other.fill(0.01f * step);
                weight.value().copyFrom(other);
                weight.valueChanged();
            }
        });
    }

    @Test
    @DisplayName("gradients are there, and zeros, before anything was added; clearing keeps their memory")
    void gradients() {
        CausalLM model = CausalLM.load(folder(MODEL), there);
        try (Training training = new Training(model)) {
            training.microBatch(5, 6);
            Parameter norm = model.parameter("model.norm.weight");
            var gradient = norm.grad().orElseThrow();
            norm.clearGrad();
            assertThat(norm.grad()).isEmpty();
            norm.provideGrad();
            assertThat(norm.grad().orElseThrow()).isSameAs(gradient);
            assertThat(gradient.toFloatArray()).containsOnly(0f);
        }
    }

    @Test
    @DisplayName("a token outside of the vocabulary is refused, though a replay would not look at it")
    void wrongToken() {
        CausalLM model = CausalLM.load(folder(MODEL), there);
        try (Training training = new Training(model)) {
            for (int i = 0; i < 3; i++) {
                training.microBatch(5);
            }
            LabelledBatch wrong = batch(1, VOCABULARY, 5);
            wrong.tokens()[2] = VOCABULARY;
            assertThatThrownBy(() -> training.pass.run(wrong, weights(1, wrong)))
                    .isInstanceOf(IndexOutOfBoundsException.class)
                    .hasMessageContaining("384");
        }
    }

    @Test
    @DisplayName("closing gives the graphs' memory back, and a closed pass is an error")
    void closing() {
        CausalLM model = CausalLM.load(folder(MODEL), there);
        var backend = Backends.of(there.device());
        var unused = model.logits(new int[64]);
        try (Training first = new Training(model)) { // makes gradients
            first.microBatch(5);
        }
        Training training = new Training(model);
        long before = backend.memory().availableMemory();
        for (int i = 0; i < 3; i++) {
            training.microBatch(60);
        }
        assertThat(training.calls()).isEqualTo(2);
        long captured = backend.memory().availableMemory();
        training.close();
        long closed = backend.memory().availableMemory();
        long logits = 60L * VOCABULARY * Float.BYTES; // what a graph of 60 tokens holds at least
        assertThat(before - captured).isGreaterThan(logits);
        assertThat(closed - captured).isGreaterThan(logits);
        assertThat(before - closed)
                .as("copies of small arrays are kept for reuse")
                .isLessThan(logits / 2);
        assertThatThrownBy(() -> training.microBatch(5)).hasMessageContaining("closed");
    }

    @Test
    @DisplayName("targets that are the tokens' array")
    void oneArray() {
        there = TestModels.placement(true);
        compare(MODEL, DType.F32, training -> {
            for (int step = 0; step < 4; step++) {
                int[] tokens = TestModels.tokens(step, 4, VOCABULARY);
                int[] targets = step < 2 ? tokens : TestModels.tokens(step + 9, 4, VOCABULARY);
                LabelledBatch batch = new LabelledBatch(tokens, Segments.of(4), new int[] {0, 1, 2, 3}, targets);
                training.numbers.add(new float[] {(float) training.pass.run(batch, new float[] {1, 2, 3, 4})});
            }
        });
    }

    @Test
    @DisplayName("segments that continue others")
    void parents() {
        there = TestModels.placement(true);
        compare(MODEL, DType.F32, training -> {
            for (int step = 0; step < 4; step++) {
                int[] tokens = TestModels.tokens(step, 5 + 4 + 3, VOCABULARY);
                Segments segments = Segments.of(new int[] {5, 4, 3}, new int[] {-1, 0, 0});
                LabelledBatch batch =
                        new LabelledBatch(tokens, segments, new int[] {4, 5, 6, 4, 9}, new int[] {step, 2, 3, 4, 5});
                training.numbers.add(new float[] {(float) training.pass.run(batch, new float[] {1, 2, 0.5f, 0.25f, -1})
                });
            }
            for (Parameter parameter : training.model.parameters()) {
                training.numbers.add(parameter.grad().orElseThrow().toFloatArray());
            }
        });
    }
}
