// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer.gguf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.jacobian.io.FormatException;
import dev.jacobian.io.gguf.GgufCheckpoint;
import dev.jacobian.io.gguf.GgufTensor;
import dev.jacobian.io.gguf.GgufType;
import dev.jacobian.io.gguf.GgufWriter;
import dev.jacobian.io.safetensors.SafetensorsFile;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.transformer.CausalLM;
import dev.jacobian.transformer.GgufExport;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.LongStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Files as llama.cpp's converter wrote them before or after those that are written here: the same model comes out. */
class OlderFilesTest {
    private static final int[] TOKENS = {1, 5, 9, 17, 33, 3, 2, 77, 8, 15};

    @TempDir
    Path folder;

    private final Map<String, Object> keys = new LinkedHashMap<>();
    private final Map<String, Tensor> tensors = new LinkedHashMap<>();
    private float[] expected = {};
    private Path model = Path.of("");

    /** What the file of a model has. */
    private void read(String name) {
        model = FreshModels.save(name, folder);
        expected = CausalLM.load(model).logits(TOKENS).toFloatArray();
        Path file = folder.resolve("new.gguf");
        GgufExport.write(model, file, GgufType.F32);
        try (GgufCheckpoint from = GgufCheckpoint.open(file)) {
            for (String key : from.metadata().keys()) {
                Object plain = from.metadata().plain().get(key);
                keys.put(
                        key,
                        switch (plain) {
                            case Long integer -> integer.intValue();
                            case Double number -> number.floatValue();
                            case null ->
                                LongStream.of(from.metadata().integers(key).orElseThrow())
                                        .mapToInt(Math::toIntExact)
                                        .toArray();
                            default -> plain;
                        });
            }
            for (GgufTensor tensor : from.tensors()) {
                tensors.put(tensor.name(), from.file(tensor.name()).read(tensor.name()));
            }
        }
    }

    @BeforeEach
    void clear() {
        keys.clear();
        tensors.clear();
    }

    private CausalLM written() {
        Path file = folder.resolve("other.gguf");
        GgufWriter out = new GgufWriter();
        keys.forEach(out::put);
        tensors.forEach((name, numbers) -> out.tensor(
                name,
                GgufType.F32,
                Arrays.stream(numbers.shape().toArray()).mapToObj(Long::valueOf).toList(),
                () -> numbers));
        out.write(file);
        return CausalLM.load(file);
    }

    private void assertSame() {
        assertThat(written().logits(TOKENS).toFloatArray()).isEqualTo(expected);
    }

    /** Puts the tensors of the checkpoint in place of those of the file. */
    private void replace(String own, String stored, List<String> removed) {
        try (SafetensorsFile weights = SafetensorsFile.open(model.resolve("model.safetensors"))) {
            for (int layer = 0; layer < 4; layer++) {
                String name = own.replace("{}", "" + layer);
                if (weights.names().contains(name)) {
                    tensors.put(stored.replace("{}", "" + layer), weights.read(name));
                    for (String other : removed) {
                        assertThat(tensors.remove("blk." + layer + "." + other))
                                .as(other)
                                .isNotNull();
                    }
                }
            }
        }
    }

    @Test
    @DisplayName("deepseek2 with keys and values projected up by one tensor")
    void latentTogether() {
        read("deepseek");
        replace(
                "model.layers.{}.self_attn.kv_b_proj.weight",
                "blk.{}.attn_kv_b.weight",
                List.of("attn_k_b.weight", "attn_v_b.weight"));
        keys.put("deepseek2.attention.head_count_kv", 4);
        keys.put("deepseek2.attention.key_length", 18);
        keys.put("deepseek2.attention.value_length", 12);
        keys.remove("deepseek2.attention.key_length_mla");
        keys.remove("deepseek2.attention.value_length_mla");
        assertSame();
    }

    @Test
    @DisplayName("qwen3next with all that goes into the delta net in one tensor")
    void deltaNetTogether() {
        read("qwen3-next");
        replace(
                "model.layers.{}.linear_attn.in_proj_qkvz.weight",
                "blk.{}.ssm_in.weight",
                List.of("attn_qkv.weight", "attn_gate.weight"));
        assertSame();
    }

    @Test
    @DisplayName("qwen35 with a list of layers, and with a layer that predicts one token more")
    void predictingLayer() {
        read("qwen3.5");
        keys.remove("qwen35.full_attention_interval");
        keys.put("qwen35.attention.recurrent_layers", new int[] {1, 1, 1, 0, 0});
        keys.put("qwen35.block_count", 5);
        keys.put("qwen35.nextn_predict_layers", 1);
        tensors.put("blk.4.nextn.enorm.weight", Tensor.zeros(64));
        tensors.put("blk.4.attn_k.weight", Tensor.zeros(64, 64));
        assertSame();
        keys.put("qwen35.nextn_predict_layers", 6);
        assertThatThrownBy(this::written)
                .isInstanceOf(FormatException.class)
                .hasMessageContainingAll("qwen35.nextn_predict_layers", "6 of 5");
        keys.put("qwen35.block_count", Integer.MAX_VALUE);
        assertThatThrownBy(this::written)
                .isInstanceOf(FormatException.class)
                .hasMessageContainingAll("qwen35.block_count", "tensors");
    }

    @Test
    @DisplayName("olmo2 with the factor on rotations and the layers of its window said")
    void saidWindows() {
        read("olmo3");
        keys.put("olmo2.rope.scaling.yarn_attn_factor", (float) (0.1 * Math.log(4) + 1));
        keys.put("olmo2.attention.sliding_window_pattern", new int[] {1, 1, 1, 0, 1});
        assertSame();
    }

    @Test
    @DisplayName("rates of decay that grow are an error that names the tensor")
    void growingRates() {
        read("qwen3.5");
        tensors.put("blk.0.ssm_a", Tensor.of(new float[] {-1, -1, -1, 2, -1, -1}, 6));
        assertThatThrownBy(this::written)
                .isInstanceOf(FormatException.class)
                .hasMessageContainingAll("other.gguf", "blk.0.ssm_a", "rate of decay");
    }

    @Test
    @DisplayName("lfm2 whose list of heads has another length is an error that names the key")
    void shortList() {
        read("lfm2");
        keys.put("lfm2.attention.head_count_kv", new int[] {0, 2, 0});
        assertThatThrownBy(this::written)
                .isInstanceOf(FormatException.class)
                .hasMessageContainingAll("lfm2.attention.head_count_kv", "3 entries for 4 layers");
    }
}
