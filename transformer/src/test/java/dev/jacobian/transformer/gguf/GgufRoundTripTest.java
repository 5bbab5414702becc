// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer.gguf;

import static dev.jacobian.testing.Bits.assertBits;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.jacobian.autograd.Parameter;
import dev.jacobian.io.FormatException;
import dev.jacobian.io.gguf.GgufCheckpoint;
import dev.jacobian.io.gguf.GgufType;
import dev.jacobian.tensor.Backends;
import dev.jacobian.tensor.DType;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.tensor.WeightFormat;
import dev.jacobian.testing.GoldenModel;
import dev.jacobian.testing.GoldenModels;
import dev.jacobian.testing.TestPaths;
import dev.jacobian.transformer.CausalLM;
import dev.jacobian.transformer.Checkpoints;
import dev.jacobian.transformer.GgufExport;
import dev.jacobian.transformer.ModelOptions;
import dev.jacobian.transformer.TestModels;
import dev.jacobian.transformer.WeightFormats;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Set;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A folder written as a GGUF file and read back is the same model. That llama.cpp agrees is {@link LlamaCppTest}'s affair. */
class GgufRoundTripTest {
    /** Golden models that llama.cpp has no words for. */
    private static final Set<String> REFUSED = Set.of(
            "gemma2", // scores scaled by a number of its own
            "gemma3-text", // the same
            "gpt-neox-serial", // GELU by tanh
            "nemotron", // heads wider than the hidden state
            "qwen2-moe", // a layer without experts
            "qwen3.5", // keys and values of the delta net have different lengths
            "smollm3-2"); // other layers without positions

    /** As many as the smallest window: some windows are lost on the way, which is told. */
    private static final int[] TOKENS = {1, 5, 9, 17, 33, 3, 2, 77};

    @TempDir
    Path folder;

    @ParameterizedTest
    @GoldenModels
    @DisplayName("F32: the logits have the same bits, or the model is refused")
    void sameBits(GoldenModel golden) {
        Path file = folder.resolve("model.gguf");
        if (REFUSED.contains(golden.name())) {
            assertThatThrownBy(() -> GgufExport.write(golden.folder(), file, GgufType.F32))
                    .isInstanceOf(FormatException.class)
                    .hasMessageContaining("GGUF");
            return;
        }
        GgufExport.write(golden.folder(), file, GgufType.F32);
        CausalLM own = CausalLM.load(golden.folder());
        CausalLM read = CausalLM.load(file);
        int[] tokens =
                golden.name().equals("ministral") ? Arrays.copyOf(TOKENS, 7) : TOKENS; // its window, which is lost
        assertThat(read.logits(tokens).toFloatArray())
                .isEqualTo(own.logits(tokens).toFloatArray());

        Path again = folder.resolve("again");
        read.save(again);
        assertThat(CausalLM.load(again).logits(tokens).toFloatArray())
                .isEqualTo(own.logits(tokens).toFloatArray());
    }

    @ParameterizedTest
    @ValueSource(strings = {"qwen3.5", "qwen3-next", "deepseek", "deepseek-lite", "lfm2", "ministral3", "olmo3", "glm"})
    @DisplayName("the same of models that no golden is, the whole of them, and once more from file to file")
    void sameBitsOfOthers(String name) {
        Path model = FreshModels.save(name, folder);
        Path file = folder.resolve("model.gguf");
        GgufExport.write(model, file, GgufType.F32);
        CausalLM own = CausalLM.load(model);
        int[] tokens = TestModels.tokens(3, 40, 120);
        assertBits(
                name,
                CausalLM.load(file).logits(tokens).toFloatArray(),
                own.logits(tokens).toFloatArray());
        Path again = folder.resolve("again.gguf");
        GgufExport.write(file, again, GgufType.F32);
        assertBits(
                name,
                CausalLM.load(again).logits(tokens).toFloatArray(),
                own.logits(tokens).toFloatArray());
        Path narrow = folder.resolve("narrow.gguf");
        GgufExport.write(model, narrow, GgufType.BF16);
        CausalLM numbers = CausalLM.load(narrow);
        CausalLM held = CausalLM.load(narrow, ModelOptions.DEFAULT.weights(WeightFormats.AS_STORED));
        assertBits(
                name + " as stored",
                held.logits(tokens).toFloatArray(),
                numbers.logits(tokens).toFloatArray());
    }

    @ParameterizedTest
    @EnumSource(names = {"F16", "BF16", "Q8_0", "Q4_0"})
    @DisplayName("each type holds exactly what it makes of the numbers")
    void types(GgufType type) {
        Path file = folder.resolve("model.gguf");
        GgufExport.write(TestPaths.model("llama-gqa"), file, type);
        CausalLM own = CausalLM.load(TestPaths.model("llama-gqa"));
        CausalLM read = CausalLM.load(file);
        for (String name :
                new String[] {"model.layers.1.mlp.down_proj.weight", "model.layers.0.self_attn.k_proj.weight"}) {
            Tensor weight = own.parameter(name).value();
            Tensor expected = switch (type) {
                case F16 -> weight.to(DType.F16).to(DType.F32);
                case BF16 -> weight.to(DType.BF16).to(DType.F32);
                default ->
                    Backends.cpu()
                            .matrices()
                            .unpack(Backends.cpu().matrices().pack(weight.t(), WeightFormat.parse(type.name())))
                            .t();
            };
            assertThat(read.parameter(name).value().toFloatArray()).as(name).isEqualTo(expected.toFloatArray());
        }
        String norm = "model.layers.0.input_layernorm.weight";
        assertThat(read.parameter(norm).value().toFloatArray())
                .isEqualTo(own.parameter(norm).value().toFloatArray());
    }

    @ParameterizedTest
    @ValueSource(strings = {"bos", "eos"})
    @DisplayName("a special token beyond the vocabulary is an error that names key and file")
    void tokensBeyondTheVocabulary(String name) throws IOException {
        String key = "tokenizer.ggml." + name + "_token_id";
        Path file = folder.resolve("model.gguf");
        GgufExport.write(TestPaths.model("qwen3"), file, GgufType.F32);
        byte[] bytes = Files.readAllBytes(file);
        String eos = "tokenizer.ggml.eos_token_id";
        int start = new String(bytes, StandardCharsets.ISO_8859_1).indexOf(eos);
        System.arraycopy(
                key.getBytes(StandardCharsets.ISO_8859_1), 0, bytes, start, key.length()); // as long as the other
        int type = start + key.length();
        ByteBuffer header = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        assertThat(header.getInt(type)).isEqualTo(4); // UINT32
        for (int id : new int[] {-1, 1 << 30, 100_000}) {
            Files.write(file, header.putInt(type + 4, id).array());
            assertThatThrownBy(() -> CausalLM.load(file))
                    .isInstanceOf(FormatException.class)
                    .hasMessageContainingAll("model.gguf", key);
        }
    }

    @ParameterizedTest
    @CsvSource({
        "llama-gqa, vocab_size, 17, rows",
        "llama-gqa, rope.dimension_count, 4, rotates all",
        "llama-gqa, rope.dimension_count, 7, in pairs",
        "stablelm, rope.dimension_count, 1000, in pairs",
        "deepseek-v3, expert_gating_func, 1, V3 is computed here",
        "deepseek-v3, attention.head_count_kv, 2, other keys make it 1",
        "deepseek-v3, attention.key_length_mla, 7, rotated",
        "qwen3-next, ssm.inner_size, 33, 4 heads",
        "qwen3-next, full_attention_interval, 0, every so-many-th layer",
    })
    @DisplayName("a number that contradicts the tensors is an error that names its key in the file")
    void contradictions(String model, String name, int value, String words) throws IOException {
        Path file = folder.resolve("model.gguf");
        GgufExport.write(TestPaths.model(model), file, GgufType.F32);
        byte[] bytes = Files.readAllBytes(file);
        String key = architecture(file) + "." + name;
        int type = new String(bytes, StandardCharsets.ISO_8859_1).indexOf(key) + key.length();
        ByteBuffer header = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        assertThat(header.getInt(type)).isEqualTo(4); // UINT32
        Files.write(file, header.putInt(type + 4, value).array());
        assertThatThrownBy(() -> CausalLM.load(file))
                .isInstanceOf(FormatException.class)
                .hasMessageContainingAll("model.gguf", key, String.valueOf(value), words);
    }

    private static String architecture(Path file) {
        try (GgufCheckpoint written = GgufCheckpoint.open(file)) {
            return written.metadata().requireText("general.architecture");
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"Q8_0", "Q4_0"})
    @DisplayName("what is stored in a format is held in it without loss")
    void heldAsStored(GgufType type) {
        Path file = folder.resolve("model.gguf");
        GgufExport.write(TestPaths.model("llama-gqa"), file, type);
        for (Parameter parameter : CausalLM.load(file).parameters()) {
            Tensor stored = parameter.value();
            if (stored.shape().rank() == 2) {
                WeightFormat format = WeightFormat.parse(type.name());
                assertThat(Backends.cpu()
                                .matrices()
                                .unpack(Backends.cpu().matrices().pack(stored.t(), format))
                                .t()
                                .toFloatArray())
                        .as(parameter.name())
                        .isEqualTo(stored.toFloatArray());
            }
        }
        assertThat(CausalLM.load(file, WeightFormat.parse(type.name()))
                        .logits(TOKENS)
                        .toFloatArray())
                .doesNotContain(Float.NaN);
    }

    @Test
    @DisplayName("rows that do not divide into blocks stay F16, and that is told")
    void oddRows() {
        Path file = folder.resolve("model.gguf");
        GgufExport.Result result = GgufExport.write(TestPaths.model("llama-mha-tied"), file, GgufType.Q8_0);
        assertThat(result.remarks()).singleElement().asString().contains("blocks of 32", "F16");
        try (GgufCheckpoint written = GgufCheckpoint.open(file)) {
            assertThat(written.file("token_embd.weight")
                            .tensor("token_embd.weight")
                            .type())
                    .isEqualTo(GgufType.F16);
        }
    }

    @Test
    @DisplayName("the tokenizer, its template and the end tokens come along")
    void tokenizer() {
        Path file = folder.resolve("model.gguf");
        GgufExport.write(TestPaths.model("llama-gqa"), file, GgufType.F16);
        CausalLM own = CausalLM.load(TestPaths.model("llama-gqa"));
        CausalLM read = CausalLM.load(file);
        String text = "Hello, world!  1234 caf\u00e9 \ud83d\ude00";
        assertThat(read.tokenizer().encode(text, true))
                .isEqualTo(own.tokenizer().encode(text, true));
        assertThat(read.tokenizer().config().chatTemplates())
                .isEqualTo(own.tokenizer().config().chatTemplates());
        assertThat(read.eosTokenIds()).containsAll(own.eosTokenIds()).contains(383); // <|eot_id|>
        assertThat(Checkpoints.config(file).family()).isEqualTo("llama");
        assertThat(Checkpoints.tokenizer(file)).isPresent();
    }
}
