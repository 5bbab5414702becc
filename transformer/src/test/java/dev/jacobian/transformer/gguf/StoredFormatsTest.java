// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer.gguf;

import static dev.jacobian.testing.Bits.assertBits;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.jacobian.io.FormatException;
import dev.jacobian.io.Json;
import dev.jacobian.io.gguf.GgufCheckpoint;
import dev.jacobian.io.gguf.GgufTensor;
import dev.jacobian.io.gguf.GgufType;
import dev.jacobian.io.gguf.GgufWriter;
import dev.jacobian.tensor.QuantizedMatrix;
import dev.jacobian.tensor.Rng;
import dev.jacobian.tensor.WeightFormat;
import dev.jacobian.transformer.CausalLM;
import dev.jacobian.transformer.GgufExport;
import dev.jacobian.transformer.MemoryPlanner;
import dev.jacobian.transformer.ModelOptions;
import dev.jacobian.transformer.TestModels;
import dev.jacobian.transformer.WeightFormats;
import dev.jacobian.transformer.family.Families;
import dev.jacobian.transformer.generation.Generation;
import dev.jacobian.transformer.generation.GenerationConfig;
import dev.jacobian.transformer.generation.Generator;
import dev.jacobian.transformer.lora.AdapterSource;
import dev.jacobian.transformer.lora.LoraConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Matrices of a GGUF file that are held as they are: the very numbers of the file, in the file's bits. */
class StoredFormatsTest {
    private static final String CONFIG = """
        {"model_type": "%s", "vocab_size": 300, "hidden_size": 256, "intermediate_size": 512,
         "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2, "hidden_act": "silu",
         "max_position_embeddings": 512, "rms_norm_eps": 1e-6, "rope_theta": 10000.0, "eos_token_id": 2,
         "pad_token_id": 0, "tie_word_embeddings": %s%s}
        """;

    private static final int[] TOKENS = TestModels.tokens(3, 40, 300);

    @TempDir
    Path folder;

    /** A file whose matrices are random blocks: of one format, or of all in turn. */
    private Path file(String family, boolean tied, List<WeightFormat> formats) {
        String experts = family.equals("mixtral") ? ", \"num_local_experts\": 4, \"num_experts_per_tok\": 2" : "";
        Json.write(folder.resolve("config.json"), Json.parse(CONFIG.formatted(family, tied, experts), "config"));
        CausalLM.create(Families.read(folder), Optional.empty(), 5).save(folder.resolve("model"));
        Path plain = folder.resolve("plain.gguf");
        GgufExport.write(folder.resolve("model"), plain, GgufType.F32);
        Path file = folder.resolve("blocks.gguf");
        GgufWriter out = new GgufWriter();
        try (GgufCheckpoint from = GgufCheckpoint.open(plain)) {
            from.metadata()
                    .plain()
                    .forEach((key, value) -> out.put(
                            key,
                            switch (value) {
                                case Long integer -> (Object) integer.intValue();
                                case Double number -> number.floatValue();
                                default -> value;
                            }));
            Rng rng = new Rng(9, 0);
            int count = 0;
            for (GgufTensor tensor : from.tensors()) {
                if (tensor.extents().size() < 2 || tensor.name().contains("gate_inp")) {
                    out.tensor(
                            tensor.name(),
                            GgufType.F32,
                            tensor.extents(),
                            () -> from.file(tensor.name()).read(tensor.name()));
                } else {
                    out.tensor(
                            tensor.name(),
                            tensor.extents(),
                            blocks(formats.get(count++ % formats.size()), rng, tensor));
                }
            }
            out.write(file);
        }
        return file;
    }

    /** Random integers with scales of about 1/32 of the largest number. */
    private static QuantizedMatrix blocks(WeightFormat format, Rng rng, GgufTensor tensor) {
        int columns = Math.toIntExact(tensor.extents().getLast());
        int rows = Math.toIntExact(tensor.elements() / columns);
        byte[] blocks = new byte[rows * (columns / format.block()) * format.blockBytes()];
        for (int i = 0; i < blocks.length; i++) {
            blocks[i] = (byte) rng.nextInt(256);
        }
        for (int at = 0; at < blocks.length; at += format.blockBytes()) {
            switch (format) {
                case Q8_0 -> scale(blocks, at, 6 + rng.nextInt(2));
                case Q4_0 -> scale(blocks, at, 9 + rng.nextInt(2));
                case Q4_K -> {
                    scale(blocks, at, 4 + rng.nextInt(2));
                    scale(blocks, at + 2, 6);
                }
                case Q6_K -> scale(blocks, at + 208, 2 + rng.nextInt(2));
                case F32, BF16 -> throw new AssertionError(format);
            }
        }
        return new QuantizedMatrix(format, rows, columns, blocks);
    }

    /** An F16 with this exponent, which is biased by 15. */
    private static void scale(byte[] blocks, int at, int exponent) {
        blocks[at + 1] = (byte) (blocks[at + 1] & 0x83 | exponent << 2);
    }

    private static Generation generated(CausalLM model) {
        return new Generator(model)
                .generate(List.of(new int[] {5, 7, 9}), 1, GenerationConfig.sampling(12, 0.9f, 5))
                .get(0)
                .get(0);
    }

    private static float[] logits(CausalLM model) {
        float[] logits = model.logits(TOKENS).toFloatArray();
        assertThat(logits).doesNotContain(Float.NaN, Float.POSITIVE_INFINITY);
        return logits;
    }

    @ParameterizedTest
    @EnumSource(names = {"Q8_0", "Q4_0", "Q4_K", "Q6_K"})
    @DisplayName(
            "logits of the model of F32 numbers bit for bit, in one pass and token by token; a head that is the table"
                    + " too")
    void sameBits(WeightFormat format) {
        for (boolean tied : List.of(false, true)) {
            Path file = file("llama", tied, List.of(format));
            CausalLM numbers = CausalLM.load(file);
            CausalLM held = CausalLM.load(file, ModelOptions.DEFAULT.weights(WeightFormats.AS_STORED));
            assertBits(format + " as stored", logits(held), logits(numbers));
            assertThat(held.weightFormats()).isInstanceOf(WeightFormats.AsStored.class);
            assertThat(((WeightFormats.AsStored) held.weightFormats()).formats().values())
                    .contains(format)
                    .allMatch(one -> one == format || one == WeightFormat.F32);
            Generation expected = generated(numbers);
            Generation actual = generated(held);
            assertThat(actual.tokenIds()).isEqualTo(expected.tokenIds());
            assertBits("log-probabilities", actual.logProbs(), expected.logProbs());
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"llama", "mixtral", "phi3"})
    @DisplayName(
            "formats that differ from matrix to matrix, experts in one tensor, rows of a tensor that several share")
    void mixed(String family) {
        Path file = file(
                family, false, List.of(WeightFormat.Q4_K, WeightFormat.Q6_K, WeightFormat.Q8_0, WeightFormat.Q4_0));
        CausalLM numbers = CausalLM.load(file);
        CausalLM held = CausalLM.load(file, ModelOptions.DEFAULT.weights(WeightFormats.AS_STORED));
        assertBits(family, logits(held), logits(numbers));
        assertThat(((WeightFormats.AsStored) held.weightFormats()).formats().values())
                .contains(WeightFormat.Q4_K, WeightFormat.Q6_K, WeightFormat.Q8_0, WeightFormat.Q4_0);
        assertThatThrownBy(() -> held.requireTrainable("training"))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("as-stored");
    }

    @Test
    @DisplayName("memory is planned by what the file has, and an adapter is trained beside it")
    void planAndAdapter() {
        Path file = file("llama", false, List.of(WeightFormat.Q4_K));
        CausalLM held = CausalLM.load(
                file,
                ModelOptions.DEFAULT.weights(WeightFormats.AS_STORED),
                new AdapterSource.Fresh(LoraConfig.allLinear(4, 8), 1));
        CausalLM numbers = CausalLM.load(file);
        assertThat(MemoryPlanner.inference(held).plan().bytes())
                .isLessThan(MemoryPlanner.inference(numbers).plan().bytes());
        assertBits("a fresh adapter", logits(held), logits(numbers));
        assertThat(held.parameters()).isNotEmpty();
    }

    @Test
    @DisplayName("a scale that is infinite is an error that names file, tensor and place")
    void infinite() throws IOException {
        Path file = file("llama", false, List.of(WeightFormat.Q4_K));
        byte[] bytes = Files.readAllBytes(file);
        for (int i = 0; i < 144 * 40; i++) {
            bytes[bytes.length - 1 - i] = (byte) 0xFF;
        }
        Files.write(file, bytes);
        assertThatThrownBy(() -> CausalLM.load(file, ModelOptions.DEFAULT.weights(WeightFormats.AS_STORED)))
                .isInstanceOf(FormatException.class)
                .hasMessageContainingAll("blocks.gguf", "tensor '", "NaN or infinite");
    }
}
