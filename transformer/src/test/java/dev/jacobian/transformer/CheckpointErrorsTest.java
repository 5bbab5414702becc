// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.jacobian.io.FormatException;
import dev.jacobian.io.safetensors.SafetensorsFile;
import dev.jacobian.io.safetensors.SafetensorsWriter;
import dev.jacobian.tensor.DType;
import dev.jacobian.tensor.Shape;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.tensor.WeightFormat;
import dev.jacobian.testing.TestJson;
import dev.jacobian.testing.TestPaths;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Checkpoints whose weights and configuration do not fit: one error that names the tensor. */
class CheckpointErrorsTest {
    @TempDir
    Path temporary;

    private Path copy(String name) {
        return TestPaths.copy(TestPaths.model(name), temporary.resolve(name));
    }

    /** Rewrites model.safetensors with changed tensors. */
    private static void rewrite(Path folder, Consumer<Map<String, Tensor>> change) {
        Path file = folder.resolve("model.safetensors");
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        try (SafetensorsFile old = SafetensorsFile.open(file)) {
            old.names().forEach(name -> tensors.put(name, old.read(name)));
        }
        change.accept(tensors);
        SafetensorsWriter writer = new SafetensorsWriter();
        tensors.forEach(writer::add);
        writer.write(file);
    }

    private static void assertRefused(Path folder, String... parts) {
        assertThatThrownBy(() -> CausalLM.load(folder))
                .isInstanceOf(FormatException.class)
                .hasMessageContainingAll(parts)
                .hasMessageContaining(folder.getFileName().toString());
    }

    @Test
    @DisplayName("missing, superfluous and misshapen tensors")
    void tensors() {
        Path missing = copy("llama-gqa");
        rewrite(missing, tensors -> tensors.remove("model.layers.1.mlp.up_proj.weight"));
        assertRefused(missing, "no tensor 'model.layers.1.mlp.up_proj.weight'");
        rewrite(missing, tensors -> {
            tensors.put("model.layers.1.mlp.up_proj.weight", Tensor.zeros(96, 64));
            tensors.put("model.layers.0.self_attn.q_proj.bias", Tensor.zeros(64));
        });
        assertRefused(missing, "1 tensors", "model.layers.0.self_attn.q_proj.bias");
        rewrite(missing, tensors -> {
            tensors.remove("model.layers.0.self_attn.q_proj.bias");
            tensors.put("model.norm.weight", Tensor.zeros(65));
        });
        assertRefused(missing, "'model.norm.weight' has shape [65]", "[64]");
        rewrite(missing, tensors -> tensors.put("model.norm.weight", Tensor.zeros(1, 64)));
        assertRefused(missing, "'model.norm.weight' has shape [1, 64]", "[64]");
    }

    @Test
    @DisplayName(
            "weights that are NaN, infinite or no floating-point numbers: the tensor is named, whatever the format")
    void unusableWeights() {
        Path folder = copy("llama-gqa");
        for (float value : new float[] {Float.NaN, Float.POSITIVE_INFINITY}) {
            rewrite(
                    folder,
                    tensors -> tensors.get("model.layers.1.mlp.up_proj.weight").floats()[77] = value);
            assertRefused(folder, "'model.layers.1.mlp.up_proj.weight', element 77", String.valueOf(value));
            assertThatThrownBy(() -> CausalLM.load(folder, WeightFormat.BF16))
                    .hasMessageContaining("'model.layers.1.mlp.up_proj.weight', element 77");
        }
        rewrite(folder, tensors -> {
            tensors.get("model.layers.1.mlp.up_proj.weight").floats()[77] = 0;
            tensors.put("model.norm.weight", Tensor.zeros(DType.I32, Shape.of(64)));
        });
        assertRefused(folder, "'model.norm.weight'", "type I32");
    }

    @Test
    @DisplayName("names that a training wrapper left, and those of an adapter")
    void wrappedNames() {
        Path folder = copy("llama-gqa");
        int[] tokens = {1, 2, 3};
        float[] logits = CausalLM.load(folder).logits(tokens).toFloatArray();
        rename(folder, name -> "_orig_mod." + name);
        assertThat(CausalLM.load(folder).logits(tokens).toFloatArray()).isEqualTo(logits);
        rename(folder, name -> name.contains("layers.0") ? "module." + name.substring(10) : name.substring(10));
        assertRefused(folder, "no tensor 'model.layers.0", "module., as data-parallel training leaves it");
    }

    private static void rename(Path folder, UnaryOperator<String> change) {
        rewrite(folder, tensors -> {
            Map<String, Tensor> renamed = new LinkedHashMap<>();
            tensors.forEach((name, tensor) -> renamed.put(change.apply(name), tensor));
            tensors.clear();
            tensors.putAll(renamed);
        });
    }

    @Test
    @DisplayName("a configuration of another model")
    void otherConfig() {
        Path folder = copy("llama-gqa");
        TestJson.edit(folder.resolve("config.json"), config -> config.put("intermediate_size", 95));
        assertRefused(folder, "mlp.gate_proj.weight", "[96, 64]", "[95, 64]");
        TestJson.edit(folder.resolve("config.json"), config -> {
            config.put("intermediate_size", 96);
            config.put("num_hidden_layers", 1);
        });
        assertRefused(folder, "9 tensors", "model.layers.1.");
        TestJson.edit(folder.resolve("config.json"), config -> {
            config.put("num_hidden_layers", 2);
            config.put("attention_bias", true);
        });
        assertRefused(folder, "no tensor 'model.layers.0.self_attn.q_proj.bias'");
    }

    @Test
    @DisplayName("a tied head that differs from the embedding; equal copies and old constants are harmless")
    void tiedHead() {
        Path folder = copy("llama-mha-tied");
        float[] logits = CausalLM.load(folder).logits(new int[] {1, 2, 3}).toFloatArray();
        rewrite(folder, tensors -> {
            tensors.put(
                    "lm_head.weight", tensors.get("model.embed_tokens.weight").copy());
            tensors.put("model.layers.0.self_attn.rotary_emb.inv_freq", Tensor.zeros(6));
        });
        assertThat(CausalLM.load(folder).logits(new int[] {1, 2, 3}).toFloatArray())
                .containsExactly(logits);
        rewrite(folder, tensors -> tensors.get("lm_head.weight").floats()[7] += 1e-3f);
        assertRefused(folder, "tie_word_embeddings", "lm_head.weight differs");
        rewrite(folder, tensors -> tensors.put("lm_head.weight", Tensor.zeros(3, 3)));
        assertRefused(folder, "lm_head.weight");
        Path untied = copy("llama-gqa");
        TestJson.edit(untied.resolve("config.json"), config -> config.put("tie_word_embeddings", true));
        assertRefused(untied, "lm_head.weight differs");
        TestJson.edit(untied.resolve("config.json"), config -> config.put("tie_word_embeddings", false));
        rewrite(untied, tensors -> tensors.remove("lm_head.weight"));
        assertRefused(untied, "no tensor 'lm_head.weight'", "Set tie_word_embeddings to true");
    }

    @Test
    @DisplayName("the base model alone, without the name of its module: read where it has all, and saved as it was")
    void withoutBase() {
        Path folder = copy("llama-mha-tied");
        float[] logits = CausalLM.load(folder).logits(new int[] {1, 2, 3}).toFloatArray();
        rename(folder, name -> name.substring("model.".length()));
        TestJson.edit(
                folder.resolve("config.json"),
                config -> config.putArray("architectures").add("LlamaModel"));
        CausalLM model = CausalLM.load(folder);
        assertThat(model.logits(new int[] {1, 2, 3}).toFloatArray()).containsExactly(logits);
        assertThat(model.parameters().getFirst().name()).isEqualTo("embed_tokens.weight");
        Path saved = temporary.resolve("saved");
        model.save(saved);
        try (SafetensorsFile file = SafetensorsFile.open(saved.resolve("model.safetensors"))) {
            assertThat(file.names()).contains("norm.weight").noneMatch(name -> name.startsWith("model."));
        }
        Path headless = copy("llama-gqa");
        rewrite(headless, tensors -> tensors.remove("lm_head.weight"));
        rename(headless, name -> name.substring("model.".length()));
        assertRefused(headless, "no tensor 'lm_head.weight'");
        Path mixed = copy("qwen3");
        rename(mixed, name -> name.contains("layers.1") ? name.substring("model.".length()) : name);
        assertRefused(mixed, "no tensor 'model.layers.1");
    }

    @Test
    @DisplayName("constants that old checkpoints carry along are no weights, but only where the family has them")
    void buffers() {
        Path folder = copy("gpt2-hubnames");
        float[] logits = CausalLM.load(folder).logits(new int[] {1, 2, 3}).toFloatArray();
        rewrite(folder, tensors -> {
            assertThat(tensors).containsKey("h.1.attn.bias");
            tensors.put("h.0.attn.masked_bias", Tensor.zeros(1));
            tensors.put("lm_head.weight", tensors.get("wte.weight").copy());
        });
        assertThat(CausalLM.load(folder).logits(new int[] {1, 2, 3}).toFloatArray())
                .containsExactly(logits);
        rewrite(folder, tensors -> tensors.put("h.0.mlp.bias", Tensor.zeros(1)));
        assertRefused(folder, "h.0.mlp.bias");
        Path llama = copy("llama-gqa");
        rewrite(llama, tensors -> tensors.put("model.layers.0.attn.bias", Tensor.zeros(1)));
        assertRefused(llama, "model.layers.0.attn.bias");
    }

    @Test
    @DisplayName("missing and broken files")
    void files() throws IOException {
        Path folder = copy("qwen3");
        Files.delete(folder.resolve("model.safetensors"));
        assertRefused(folder, "neither model.safetensors nor");
        Files.writeString(folder.resolve("config.json"), "{\"model_type\": ");
        assertRefused(folder, "config.json", "not valid JSON");
        Files.writeString(folder.resolve("config.json"), "[]");
        assertRefused(folder, "config.json", "expected a JSON object");
        Files.delete(folder.resolve("config.json"));
        assertThatThrownBy(() -> CausalLM.load(folder))
                .isInstanceOfAny(FormatException.class, UncheckedIOException.class)
                .hasMessageContaining("config.json");
        assertThatThrownBy(() -> CausalLM.load(temporary.resolve("nowhere"))).hasMessageContaining("nowhere");
        Path shards = copy("qwen2-sharded");
        Files.delete(shards.resolve("model-00002-of-00003.safetensors"));
        assertRefused(shards, "model-00002-of-00003.safetensors is missing");
        Path cut = copy("llama-gqa");
        byte[] whole = Files.readAllBytes(cut.resolve("model.safetensors"));
        Files.write(cut.resolve("model.safetensors"), java.util.Arrays.copyOf(whole, whole.length - 1));
        assertRefused(cut, "model.safetensors");
    }

    @Test
    @DisplayName("a broken generation_config.json is an error, one without end tokens is not")
    void generationConfig() throws IOException {
        Path folder = copy("llama-gqa");
        Path file = folder.resolve("generation_config.json");
        Files.writeString(file, "{");
        assertRefused(folder, "generation_config.json");
        Files.writeString(file, "{}");
        assertThat(CausalLM.load(folder).eosTokenIds()).as("from config.json").containsExactly(380);
        Files.writeString(file, "{\"eos_token_id\": [5, 149]}");
        assertThat(CausalLM.load(folder).eosTokenIds()).containsExactly(5, 149);
        Files.writeString(file, "{\"eos_token_id\": \"380\"}");
        assertRefused(folder, "generation_config.json", "eos_token_id");
        Files.writeString(file, "{\"eos_token_id\": [1, 2.5]}");
        assertRefused(folder, "generation_config.json", "eos_token_id");
        Files.delete(file);
        TestJson.edit(folder.resolve("config.json"), config -> config.put("eos_token_id", 384));
        assertRefused(folder, folder.resolve("config.json").toString(), "the end token 384 is outside");
        TestJson.edit(folder.resolve("config.json"), config -> config.remove("eos_token_id"));
        CausalLM model = CausalLM.load(folder);
        assertThat(model.eosTokenIds())
                .as("from the tokenizer")
                .containsExactly(model.tokenizer().eosId().orElseThrow());
    }

    @Test
    @DisplayName("more weights than the heap holds: refused before reading, with the need and the remedy")
    void memory() {
        Path folder = copy("llama-gqa");
        TestJson.edit(folder.resolve("config.json"), config -> {
            config.put("hidden_size", 16384);
            config.put("intermediate_size", 65536);
            config.put("num_hidden_layers", 100);
        });
        assertThatThrownBy(() -> CausalLM.load(folder))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("GiB")
                .hasMessageContaining("-Xmx");
    }

    @Test
    @DisplayName("token ids and shapes that users get wrong")
    void input() {
        CausalLM model = CausalLM.load(TestPaths.model("llama-gqa"));
        assertThatThrownBy(() -> model.logits(new int[] {1, 384}))
                .isInstanceOf(IndexOutOfBoundsException.class)
                .hasMessageContaining("384")
                .hasMessageContaining("model.embed_tokens.weight");
        assertThatThrownBy(() -> model.logits(new int[] {-1})).isInstanceOf(IndexOutOfBoundsException.class);
        assertThatThrownBy(() -> model.hidden(new int[3], dev.jacobian.tensor.Segments.of(2)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("3 tokens");
        assertThatThrownBy(() -> model.parameter("nope")).hasMessageContaining("'nope'");
        assertThatThrownBy(
                        () -> model.loss(java.util.List.of(new int[] {1, 2}), java.util.List.of(new int[] {1, -100})))
                .hasMessageContaining("no label counts");
        assertThatThrownBy(() -> model.loss(java.util.List.of(new int[] {1, 2}), java.util.List.of(new int[] {1})))
                .hasMessageContaining("2 tokens but 1 labels");
        assertThatThrownBy(() -> model.loss(java.util.List.of(new int[] {1, 2}), java.util.List.of(new int[] {1, -3})))
                .isInstanceOf(IndexOutOfBoundsException.class);
        CausalLM bare = CausalLM.load(TestPaths.model("llama-mha-tied"));
        assertThatThrownBy(bare::tokenizer)
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("tokenizer.json");
    }

    @Test
    @DisplayName("parents and a cache at once would count positions twice: refused")
    void parentsWithCache() {
        CausalLM model = CausalLM.load(TestPaths.model("llama-gqa"));
        var segments = dev.jacobian.tensor.Segments.of(new int[] {2, 1}, new int[] {-1, 0});
        var cache = model.newKvCache();
        int[] sequences = {cache.add(), cache.add()};
        assertThatThrownBy(() -> dev.jacobian.autograd.NoGrad.run(
                        () -> model.hidden(new int[] {1, 2, 3}, segments, cache, sequences)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("fork");
        assertThatThrownBy(() -> dev.jacobian.autograd.NoGrad.run(() ->
                        model.hidden(new int[] {1, 2, 3}, dev.jacobian.tensor.Segments.of(2, 1), cache, new int[] {0})))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("1 cache sequences for 2 segments");
    }
}
