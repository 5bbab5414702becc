// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer;

import static dev.jacobian.testing.Bits.assertBits;
import static dev.jacobian.testing.Bits.assertClose;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import dev.jacobian.autograd.NoGrad;
import dev.jacobian.autograd.Var;
import dev.jacobian.io.Json;
import dev.jacobian.io.safetensors.SafetensorsFile;
import dev.jacobian.tensor.KvCache;
import dev.jacobian.tensor.Segments;
import dev.jacobian.testing.TestJson;
import dev.jacobian.testing.TestPaths;
import dev.jacobian.transformer.config.DecoderConfig;
import dev.jacobian.transformer.family.Families;
import dev.jacobian.transformer.generation.Generation;
import dev.jacobian.transformer.generation.GenerationConfig;
import dev.jacobian.transformer.generation.Generator;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/**
 * Rotations that depend on the length of a sequence (LongRoPE, dynamic NTK): beyond a length all positions, the first ones too, go
 * by other frequencies. So a sequence that decodes across it is computed anew there, and equals what transformers computes
 * without a cache. The golden is not among the others because theirs promise that a token does not depend on later ones.
 */
class LongRopeTest {
    private static final Path FOLDER = TestPaths.testdata("longrope", "phi3-longrope");
    private static final int ORIGINAL = 16;

    private final JsonNode golden = TestJson.read(FOLDER.resolve("golden.json"));
    private final CausalLM model = CausalLM.load(FOLDER);

    private List<int[]> rows(String name) {
        JsonNode batch = golden.get("cases").get(name);
        List<int[]> rows = new ArrayList<>();
        for (int b = 0; b < batch.get("input_ids").size(); b++) {
            int from = from(batch, b);
            int[] ids = TestJson.ints(batch.get("input_ids").get(b));
            rows.add(Arrays.copyOfRange(ids, from, ids.length));
        }
        return rows;
    }

    private static int from(JsonNode batch, int row) {
        int padding = 0;
        for (JsonNode real : batch.path("attention_mask").path(row)) {
            padding += 1 - real.intValue();
        }
        return padding;
    }

    @Test
    @DisplayName("logits of short and long sequences, loss and gradients")
    void oracle() {
        double tolerance = 20 * golden.get("noise_f32_vs_f64_logits").doubleValue();
        try (SafetensorsFile tensors = SafetensorsFile.open(FOLDER.resolve("golden.safetensors"))) {
            for (String name : List.of("short", "long", "single", "batch_left")) {
                List<int[]> rows = rows(name);
                for (int b = 0; b < rows.size(); b++) {
                    int length = rows.get(b).length;
                    var wanted = tensors.read(name + ".logits").select(0, b); // [T, V]
                    int all = wanted.extent(0);
                    assertClose(
                            name,
                            model.logits(rows.get(b)).toFloatArray(),
                            wanted.slice(0, all - length, all).toFloatArray(),
                            tolerance);
                }
            }
            JsonNode loss = golden.get("loss");
            JsonNode batch = golden.get("cases").get(loss.get("case").textValue());
            List<int[]> labels = new ArrayList<>();
            for (int b = 0; b < loss.get("labels").size(); b++) {
                int[] padded = TestJson.ints(loss.get("labels").get(b));
                labels.add(Arrays.copyOfRange(padded, from(batch, b), padded.length));
            }
            Var computed = model.loss(rows(loss.get("case").textValue()), labels);
            assertThat(computed.value().item()).isCloseTo(loss.get("value").floatValue(), within(1e-5f));
            computed.backward();
            model.inCheckpointForm(
                    parameter -> parameter.grad().orElseThrow(),
                    (name, gradient) -> assertClose(
                            name,
                            gradient.toFloatArray(),
                            tensors.read("grad." + name).toFloatArray(),
                            20 * golden.get("noise_f32_vs_f64_grad").doubleValue()));
        }
    }

    private static GenerationConfig greedy(int tokens) {
        return GenerationConfig.builder()
                .doSample(false)
                .ignoreEos(true)
                .maxNewTokens(tokens)
                .build();
    }

    @Test
    @DisplayName("greedy continuations across the length, and in a batch")
    void generation() {
        for (String name : List.of("greedy_short_32", "greedy_batch_left_4")) {
            JsonNode expected = golden.get("generation").get(name);
            List<int[]> prompts = rows(expected.get("prompt_case").textValue());
            GenerationConfig config = greedy(expected.get("max_new_tokens").intValue());
            var generations = new Generator(model).generate(prompts, 1, config);
            for (int b = 0; b < prompts.size(); b++) {
                assertThat(generations.get(b).getFirst().tokenIds())
                        .containsExactly(
                                TestJson.ints(expected.get("new_tokens").get(b)));
            }
        }
    }

    @Test
    @DisplayName("samples that cross the length at different steps are those of each prompt alone")
    void batches() {
        List<int[]> prompts =
                List.of(TestModels.tokens(1, 5, 192), TestModels.tokens(2, 15, 192), TestModels.tokens(3, 20, 192));
        GenerationConfig config = GenerationConfig.builder()
                .maxNewTokens(14)
                .ignoreEos(true)
                .seed(3)
                .build();
        List<List<Generation>> together = new Generator(model).generate(prompts, 2, config);
        Generator alone = new Generator(model, 2);
        List<List<Generation>> oneByOne = alone.generate(prompts, 2, config);
        for (int p = 0; p < prompts.size(); p++) {
            for (int s = 0; s < 2; s++) {
                Generation one = together.get(p).get(s);
                Generation other = oneByOne.get(p).get(s);
                assertThat(one.tokenIds()).containsExactly(other.tokenIds());
                assertThat(one.logProbs()).containsExactly(other.logProbs());
            }
        }
    }

    @Test
    @DisplayName(
            "a batch of both kinds has the bits of each alone; token by token up to the length, and an error there")
    void cached() {
        int[] brief = TestModels.tokens(4, ORIGINAL, 192);
        int[] extended = Arrays.copyOf(brief, 21);
        float[] alone = model.logits(brief).toFloatArray();
        float[] longer = model.logits(extended).toFloatArray();
        assertThat(Arrays.copyOf(longer, alone.length)).isNotEqualTo(alone);
        int[] both = Arrays.copyOf(brief, ORIGINAL + extended.length);
        System.arraycopy(extended, 0, both, ORIGINAL, extended.length);
        NoGrad.run(() -> {
            Var hidden = model.hidden(both, Segments.of(ORIGINAL, extended.length));
            int[] rows = new int[both.length];
            Arrays.setAll(rows, i -> i);
            float[] logits = model.logits(hidden, rows).toFloatArray();
            assertBits("short", Arrays.copyOf(logits, alone.length), alone);
            assertBits("long", Arrays.copyOfRange(logits, alone.length, logits.length), longer);
            KvCache cache = model.newKvCache();
            int[] sequence = {cache.add()};
            for (int t = 0; t < ORIGINAL; t++) {
                Var last = model.hidden(new int[] {brief[t]}, Segments.of(1), cache, sequence);
                assertBits(
                        "token " + t,
                        model.logits(last, new int[] {0}).toFloatArray(),
                        Arrays.copyOfRange(alone, t * 192, (t + 1) * 192));
            }
            assertThatThrownBy(() -> model.hidden(new int[] {1}, Segments.of(1), cache, sequence))
                    .hasMessageContaining("16 tokens cannot grow to 17");
        });
    }

    @Test
    @DisplayName("a shared prompt whose continuations lie on both sides of the length is refused")
    void sharedPrompt() {
        int[] tokens = TestModels.tokens(5, 10 + 3 + 12, 192);
        assertThatThrownBy(() -> model.hidden(tokens, Segments.of(new int[] {10, 3, 12}, new int[] {-1, 0, 0})))
                .hasMessageContaining("sequences of 13 and of 22 tokens share their beginning");
        model.hidden(tokens, Segments.of(new int[] {10, 7, 8}, new int[] {-1, 0, 0}));
    }

    @Test
    @DisplayName("dynamic: plain up to the context, a larger base beyond")
    void dynamic() {
        String config = """
            {"model_type": "llama", "vocab_size": 40, "hidden_size": 16, "intermediate_size": 24,
             "num_hidden_layers": 2, "num_attention_heads": 2, "hidden_act": "silu", "max_position_embeddings": 16,
             "rms_norm_eps": 1e-6, "rope_theta": 10000.0, "initializer_range": 0.3%s}
            """;
        DecoderConfig plain = Families.parse(Json.parse(config.formatted(""), "plain"), "plain");
        DecoderConfig dynamic = Families.parse(
                Json.parse(config.formatted(", \"rope_scaling\": {\"type\": \"dynamic\", \"factor\": 2.0}"), "dynamic"),
                "dynamic");
        // of 20 tokens: (2 · 20 / 16 − 1)^(8 / 6) times the base
        DecoderConfig stretched = Families.parse(
                Json.parse(
                        config.formatted("").replace("10000.0", Double.toString(10000 * Math.pow(1.5, 8 / 6.0))),
                        "stretched"),
                "stretched");
        int[] tokens = TestModels.tokens(6, 20, 40);
        CausalLM computed = CausalLM.create(dynamic, Optional.empty(), 5);
        int[] brief = Arrays.copyOf(tokens, 16);
        assertBits(
                "16 tokens",
                computed.logits(brief).toFloatArray(),
                CausalLM.create(plain, Optional.empty(), 5).logits(brief).toFloatArray());
        assertClose(
                "20 tokens",
                computed.logits(tokens).toFloatArray(),
                CausalLM.create(stretched, Optional.empty(), 5).logits(tokens).toFloatArray(),
                1e-6);
    }
}
