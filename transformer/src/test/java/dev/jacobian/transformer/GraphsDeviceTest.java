// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer;

import static dev.jacobian.testing.Bits.assertBits;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.jacobian.autograd.NoGrad;
import dev.jacobian.autograd.Parameter;
import dev.jacobian.tensor.DType;
import dev.jacobian.tensor.KvCache;
import dev.jacobian.tensor.Segments;
import dev.jacobian.tensor.WeightFormat;
import dev.jacobian.tensor.Workspace;
import dev.jacobian.testing.TestPaths;
import dev.jacobian.transformer.generation.FinishReason;
import dev.jacobian.transformer.generation.Generation;
import dev.jacobian.transformer.generation.GenerationConfig;
import dev.jacobian.transformer.generation.Generator;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Decoding by replaying graphs: what decoding without them gives, and without calling the layers. */
class GraphsDeviceTest {
    private static final String PROPERTY = "jacobian.cuda.graphs";

    private ModelOptions there;

    @BeforeEach
    void device() {
        there = TestModels.placement();
    }

    @AfterEach
    void restore() {
        System.clearProperty(PROPERTY);
    }

    private static List<List<Generation>> generate(
            CausalLM model, boolean graphs, List<int[]> prompts, int samples, GenerationConfig config) {
        System.setProperty(PROPERTY, Boolean.toString(graphs));
        return new Generator(model).generate(prompts, samples, config);
    }

    /** The continuations with and without graphs, which must be the same bits; those of all prompts in a row. */
    private static List<Generation> compare(CausalLM model, List<int[]> prompts, int samples, GenerationConfig config) {
        List<Generation> graphs = generate(model, true, prompts, samples, config).stream()
                .flatMap(List::stream)
                .toList();
        List<Generation> plain = generate(model, false, prompts, samples, config).stream()
                .flatMap(List::stream)
                .toList();
        for (int i = 0; i < plain.size(); i++) {
            String what = config + " continuation " + i;
            assertThat(graphs.get(i).tokenIds()).as(what).isEqualTo(plain.get(i).tokenIds());
            assertThat(graphs.get(i).finishReason())
                    .as(what)
                    .isEqualTo(plain.get(i).finishReason());
            assertBits(what, graphs.get(i).logProbs(), plain.get(i).logProbs());
        }
        return graphs;
    }

    private static List<int[]> prompts(CausalLM model, int... lengths) {
        List<int[]> prompts = new ArrayList<>();
        for (int length : lengths) {
            prompts.add(TestModels.tokens(length, length, model.config().vocabularySize()));
        }
        return prompts;
    }

    @ParameterizedTest
    @CsvSource({
        "qwen3, F32, true",
        "qwen3, BF16, false",
        "mistral-swa-f16, F32, false",
        "llama-gqa, BF16, true",
        "llama-bias-linear, F32, true"
    })
    @DisplayName("the same tokens and log-probabilities, from one sequence to many, as they end one by one")
    void sameBits(String name, DType type, boolean batchInvariant) {
        ModelOptions options = TestModels.placement(batchInvariant).computingIn(type);
        CausalLM model = CausalLM.load(TestPaths.model(name), options);
        compare(model, prompts(model, 5), 1, GenerationConfig.greedy(9));
        compare(model, prompts(model, 5, 18, 1), 4, GenerationConfig.sampling(20, 1.1f, 5));
    }

    @Test
    @DisplayName("sequences end by end tokens and the others go on")
    void endings() {
        CausalLM model = CausalLM.load(TestPaths.model("qwen3"), there);
        // hot enough that the end token, one of 384, comes up in some sequences and not in others
        List<Generation> all = compare(model, prompts(model, 3, 9), 16, GenerationConfig.sampling(24, 20f, 8));
        assertThat(all).extracting(Generation::finishReason).contains(FinishReason.STOP, FinishReason.LENGTH);
    }

    @Test
    @DisplayName("filters and penalties choose the same tokens")
    void filters() {
        CausalLM model = CausalLM.load(TestPaths.model("llama-gqa"), there);
        GenerationConfig config = GenerationConfig.builder()
                .maxNewTokens(8)
                .temperature(0.8f)
                .topK(9)
                .topP(0.9f)
                .repetitionPenalty(1.2f)
                .seed(4)
                .build();
        compare(model, prompts(model, 4, 7), 2, config);
    }

    @ParameterizedTest
    @EnumSource(mode = EnumSource.Mode.MATCH_NONE, names = ".*_K")
    @DisplayName("weights in every format")
    void formats(WeightFormat format) {
        CausalLM model = CausalLM.load(TestPaths.model("llama-mha-tied"), there.weights(format));
        compare(model, prompts(model, 4, 7), 2, GenerationConfig.sampling(7, 1f, 4));
    }

    @Test
    @DisplayName("after a shape's second step the layers are not called")
    void replays() {
        CausalLM model = CausalLM.load(TestPaths.model("qwen3"), there);
        int layers = model.config().layers();
        var unused = model.logits(
                TestModels.tokens(1, 40, 384)); // positions enough for all steps: more would be a new table
        AtomicInteger shown = new AtomicInteger();
        new Workspace()
                .run(() -> NoGrad.run(() -> {
                    KvCache cache = model.newKvCache();
                    int[] sequences = {cache.add(), cache.add(), cache.add()};
                    Workspace.inner(
                            () -> model.hidden(TestModels.tokens(1, 12, 384), Segments.of(5, 4, 3), cache, sequences));
                    try (DecodingPass pass = new DecodingPass(model, cache)) {
                        for (int step = 0; step < 6; step++) {
                            int[] tokens = TestModels.tokens(step, 3, 384);
                            Workspace.inner(() -> pass.run(tokens, sequences, state -> shown.incrementAndGet()));
                        }
                    }
                    assertThat(cache.length(sequences[0])).isEqualTo(11);
                }));
        assertThat(shown).hasValue(2 * (layers + 1));
    }

    @ParameterizedTest
    @EnumSource(names = {"F32", "BF16"})
    @DisplayName("a weight that changes between two steps is heeded, by the rounded copies too that a graph knows")
    void weightsThatChange(DType type) {
        List<float[]> states = new ArrayList<>();
        for (boolean graphs : new boolean[] {true, false}) {
            System.setProperty(PROPERTY, Boolean.toString(graphs));
            CausalLM model = CausalLM.load(TestPaths.model("qwen3"), there.computingIn(type));
            Parameter gate = model.parameter("model.layers.1.mlp.gate_proj.weight");
            states.add(stateAfterSteps(model, gate, false));
            states.add(stateAfterSteps(model, gate, true));
        }
        assertBits("unchanged", states.get(0), states.get(2));
        assertBits("changed", states.get(1), states.get(3));
        assertThat(states.get(1)).isNotEqualTo(states.get(0));
    }

    /** The hidden state of the last of some steps, before which a weight may be changed. */
    private static float[] stateAfterSteps(CausalLM model, Parameter weight, boolean changes) {
        return new Workspace()
                .compute(() -> NoGrad.compute(() -> {
                    KvCache cache = model.newKvCache();
                    int[] sequence = {cache.add()};
                    try (DecodingPass pass = new DecodingPass(model, cache)) {
                        for (int step = 0; step < 4; step++) {
                            pass.run(new int[] {step}, sequence);
                        }
                        if (changes) {
                            weight.value().fill(0.01f);
                            weight.valueChanged();
                        }
                        return pass.run(new int[] {7}, sequence).value().toFloatArray();
                    }
                }));
    }

    @Test
    @DisplayName("one token for each sequence, or an error")
    void otherNumbersOfTokens() {
        CausalLM model = CausalLM.load(TestPaths.model("qwen3"), there);
        KvCache cache = model.newKvCache();
        int[] sequence = {cache.add()};
        try (DecodingPass pass = new DecodingPass(model, cache)) {
            assertThatThrownBy(() -> pass.run(new int[] {1, 2}, sequence))
                    .hasMessageContaining("2 tokens for 1 sequences; give each sequence one");
        }
    }

    @Test
    @DisplayName("a token outside of the vocabulary is refused, though a replay would not look at it")
    void wrongToken() {
        CausalLM model = CausalLM.load(TestPaths.model("qwen3"), there);
        new Workspace()
                .run(() -> NoGrad.run(() -> {
                    KvCache cache = model.newKvCache();
                    int[] sequence = {cache.add()};
                    try (DecodingPass pass = new DecodingPass(model, cache)) {
                        for (int step = 0; step < 3; step++) {
                            pass.run(new int[] {step}, sequence);
                        }
                        assertThatThrownBy(() -> pass.run(new int[] {384}, sequence))
                                .isInstanceOf(IndexOutOfBoundsException.class)
                                .hasMessageContaining("384");
                    }
                }));
    }

    @Test
    @DisplayName("a word of the property that is no answer is an error")
    void wrongProperty() {
        CausalLM model = CausalLM.load(TestPaths.model("qwen3"), there);
        System.setProperty(PROPERTY, "yes");
        KvCache cache = model.newKvCache();
        assertThatThrownBy(() -> new DecodingPass(model, cache)).hasMessageContaining("'yes'; use true or false");
    }
}
