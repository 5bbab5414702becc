// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer;

import static dev.jacobian.testing.Bits.assertBits;
import static dev.jacobian.testing.Bits.assertClose;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.jacobian.autograd.Parameter;
import dev.jacobian.io.Json;
import dev.jacobian.io.safetensors.SafetensorsFile;
import dev.jacobian.testing.GoldenModel;
import dev.jacobian.testing.GoldenModels;
import dev.jacobian.transformer.lora.AdapterSource;
import dev.jacobian.transformer.lora.LoraConfig;
import dev.jacobian.transformer.lora.LoraConfigReader;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Adapters of every family, on all of its linear layers, embedding and head, whatever its checkpoints look like. */
class LoraFamiliesTest {
    @TempDir
    Path temporary;

    static LoraConfig config(String json) {
        return LoraConfigReader.parse(Json.parse(json, "test"), "test");
    }

    private static CausalLM random(Path folder, String json) {
        return CausalLM.load(folder, ModelOptions.DEFAULT, new AdapterSource.Fresh(config(json), 3));
    }

    /** A change of every linear layer, a few times as large as one that training makes. */
    private static final String ALL = "{\"r\": 3, \"lora_alpha\": 3, \"target_modules\": \"all-linear\","
            + " \"init_lora_weights\": false, \"use_dora\": %s}";

    @GoldenModels
    @DisplayName("merged and saved as a checkpoint, the model computes the same")
    void merged(GoldenModel oracle) {
        for (boolean dora : List.of(false, true)) {
            CausalLM adapted = random(oracle.folder(), ALL.formatted(dora));
            int[] tokens = oracle.rows("short").getFirst().tokens();
            float[] own = adapted.logits(tokens).toFloatArray();
            Path folder = temporary.resolve("merged-" + dora);
            adapted.merged().save(folder);
            float[] merged = CausalLM.load(folder).logits(tokens).toFloatArray();
            float[] base = adapted.withoutAdapter().logits(tokens).toFloatArray();
            assertClose(oracle.name(), merged, own, 2e-4 * largest(own));
            if (!dora) {
                assertThat(own)
                        .isNotEqualTo(base); // a fresh DoRA has the lengths of its rows, so it differs too, but less
            }
        }
    }

    private static double largest(float[] values) {
        double largest = 1;
        for (float value : values) {
            largest = Math.max(largest, Math.abs(value));
        }
        return largest;
    }

    @GoldenModels
    @DisplayName("saved and loaded: the same bits, and names as PEFT has them")
    void saved(GoldenModel oracle) {
        CausalLM adapted = random(oracle.folder(), ALL.formatted(true));
        Path folder = temporary.resolve("adapter");
        adapted.save(folder);
        CausalLM again = CausalLM.load(oracle.folder(), ModelOptions.DEFAULT, new AdapterSource.Saved(folder));
        int[] tokens = oracle.rows("short").getFirst().tokens();
        assertBits(
                oracle.name(),
                again.logits(tokens).toFloatArray(),
                adapted.logits(tokens).toFloatArray());
        try (SafetensorsFile file = SafetensorsFile.open(folder.resolve("adapter_model.safetensors"))) {
            assertThat(file.names())
                    .allMatch(name -> name.startsWith("base_model.model.")
                            && name.matches(".*\\.(lora_[AB]\\.weight|lora_magnitude_vector)"));
        }
    }

    @GoldenModels
    @DisplayName("the gradient goes to the adapter alone, layers computed again or not")
    void gradients(GoldenModel oracle) {
        CausalLM adapted = random(oracle.folder(), ALL.formatted(true));
        int[] tokens = oracle.rows("short").getFirst().tokens();
        int[] labels = tokens.clone();
        float[][] gradients = new float[2][];
        for (boolean again : List.of(false, true)) {
            adapted.parameters().forEach(Parameter::closeGrad);
            adapted.gradientCheckpointing(again);
            adapted.loss(List.of(tokens), List.of(labels)).backward();
            assertThat(adapted.parameters())
                    .allMatch(parameter -> parameter.name().contains(".lora_"));
            List<float[]> all = adapted.parameters().stream()
                    .map(parameter -> parameter.grad().orElseThrow().toFloatArray())
                    .toList();
            int length = all.stream().mapToInt(one -> one.length).sum();
            float[] joined = new float[length];
            int at = 0;
            for (float[] one : all) {
                System.arraycopy(one, 0, joined, at, one.length);
                at += one.length;
            }
            gradients[again ? 1 : 0] = joined;
        }
        assertBits(oracle.name(), gradients[1], gradients[0]);
        assertThat(largest(gradients[0])).isGreaterThan(0);
    }

    @Test
    @DisplayName(
            "beside experts in 8 bits: gradients flow; merging is refused, as it needs the weights as they were stored")
    void narrowExperts() {
        Path base = GoldenModel.of("mixtral").folder();
        CausalLM adapted = CausalLM.load(
                base,
                ModelOptions.DEFAULT.weights(dev.jacobian.tensor.WeightFormat.Q8_0),
                new AdapterSource.Fresh(config(ALL.formatted(false)), 3));
        int[] tokens = {1, 5, 9, 2, 30, 7};
        adapted.loss(List.of(tokens), List.of(tokens)).backward();
        assertThat(adapted.parameters()).allMatch(parameter -> parameter.grad().isPresent());
        float[] own = adapted.logits(tokens).toFloatArray();
        assertThat(adapted.withoutAdapter().logits(tokens).toFloatArray()).isNotEqualTo(own);
        assertThatThrownBy(adapted::merged)
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("WeightFormat.F32");
    }

    @Test
    @DisplayName("Phi-3: queries, keys and values share A, and the rows of B are those of qkv_proj")
    void fused() {
        Path base = GoldenModel.of("phi3").folder();
        CausalLM adapted = random(base, "{\"r\": 2, \"target_modules\": [\"qkv_proj\"], \"init_lora_weights\": false}");
        Path folder = temporary.resolve("adapter");
        adapted.save(folder);
        try (SafetensorsFile file = SafetensorsFile.open(folder.resolve("adapter_model.safetensors"))) {
            String path = "base_model.model.model.layers.0.self_attn.qkv_proj.";
            int width = adapted.config().hiddenSize();
            assertThat(file.info(path + "lora_A.weight").extents()).containsExactly(2L, (long) width);
            float[] b = file.read(path + "lora_B.weight").toFloatArray();
            float[] q = adapted.parameter(path + "lora_B.weight[QUERY]").value().toFloatArray();
            float[] k = adapted.parameter(path + "lora_B.weight[KEY]").value().toFloatArray();
            assertBits("rows of queries", Arrays.copyOf(b, q.length), q);
            assertBits("rows of keys", Arrays.copyOfRange(b, q.length, q.length + k.length), k);
        }
    }

    @Test
    @DisplayName("GPT-2: A and B stand upright beside a matrix that lies, and fan_in_fan_out is written")
    void lying() {
        CausalLM adapted = random(GoldenModel.of("gpt2").folder(), "{\"r\": 2, \"target_modules\": [\"c_attn\"]}");
        Path folder = temporary.resolve("adapter");
        adapted.save(folder);
        int width = adapted.config().hiddenSize();
        try (SafetensorsFile file = SafetensorsFile.open(folder.resolve("adapter_model.safetensors"))) {
            String path = "base_model.model.transformer.h.0.attn.c_attn.";
            assertThat(file.info(path + "lora_A.weight").extents()).containsExactly(2L, (long) width);
            assertThat(file.info(path + "lora_B.weight").extents()).containsExactly(3L * width, 2L);
        }
        assertThat(LoraConfigReader.read(folder).source().get("fan_in_fan_out").asBoolean())
                .isTrue();
    }

    @Test
    @DisplayName("a tied head: embedding and lm_head are changed apart, and merging gives the checkpoint both")
    void tied() {
        Path base = GoldenModel.of("llama-mha-tied").folder();
        int[] tokens = {1, 5, 9, 2};
        for (String module : List.of("embed_tokens", "lm_head")) {
            for (String key : List.of("target_modules", "modules_to_save")) {
                String json = key.equals("target_modules")
                        ? "{\"r\": 2, \"target_modules\": [\"q_proj\", \"%s\"], \"init_lora_weights\": false}"
                                .formatted(module)
                        : "{\"r\": 2, \"target_modules\": [\"q_proj\"], \"init_lora_weights\": false, \"modules_to_save\": [\"%s\"]}"
                                .formatted(module);
                CausalLM adapted = random(base, json);
                if (key.equals("modules_to_save")) {
                    Parameter whole = adapted.parameters().stream()
                            .filter(parameter -> parameter.name().endsWith(module + ".weight"))
                            .findFirst()
                            .orElseThrow();
                    float[] values = whole.value().floats();
                    for (int i = 0; i < values.length; i++) {
                        values[i] += 0.01f * (i % 7);
                    }
                    whole.valueChanged();
                }
                Path folder = temporary.resolve(module + "-" + key);
                CausalLM merged = adapted.merged();
                merged.save(folder);
                float[] own = adapted.logits(tokens).toFloatArray();
                assertClose(module, CausalLM.load(folder).logits(tokens).toFloatArray(), own, 1e-4 * largest(own));
                assertThat(Json.read(folder.resolve("config.json"))
                                .get("tie_word_embeddings")
                                .asBoolean())
                        .isFalse();
                Path adapter = temporary.resolve("adapter-" + module + "-" + key);
                adapted.save(adapter);
                CausalLM again = CausalLM.load(base, ModelOptions.DEFAULT, new AdapterSource.Saved(adapter));
                assertBits(module, again.logits(tokens).toFloatArray(), own);
            }
        }
    }
}
