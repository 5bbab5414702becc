// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer.family;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.Json;
import dev.jacobian.io.safetensors.SafetensorsFile;
import dev.jacobian.io.safetensors.SafetensorsWriter;
import dev.jacobian.tensor.Segments;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.testing.Bits;
import dev.jacobian.transformer.CausalLM;
import dev.jacobian.transformer.plan.Attention;
import dev.jacobian.transformer.plan.DecoderPlan;
import dev.jacobian.transformer.plan.Head;
import dev.jacobian.transformer.plan.Positions;
import dev.jacobian.transformer.plan.Recurrence;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** How config.json of families with layers that carry a state is read, beside what their golden models say. */
class RecurrentFamiliesTest {
    private static final String LFM2 = """
        {"model_type": "lfm2", "vocab_size": 40, "hidden_size": 12, "intermediate_size": 100, "num_hidden_layers": 3,
         "num_attention_heads": 2, "num_key_value_heads": 1, "max_position_embeddings": 64, "norm_eps": 1e-5,
         "block_multiple_of": 16, "initializer_range": 0.3}
        """;

    private static final String QWEN = """
        {"model_type": "qwen3_5_text", "vocab_size": 40, "hidden_size": 12, "intermediate_size": 20,
         "num_hidden_layers": 3, "num_attention_heads": 2, "num_key_value_heads": 1, "head_dim": 8,
         "hidden_act": "silu", "max_position_embeddings": 64, "rms_norm_eps": 1e-5, "rope_theta": 10000.0,
         "linear_num_key_heads": 1, "linear_num_value_heads": 3, "linear_key_head_dim": 5,
         "linear_value_head_dim": 7, "linear_conv_kernel_dim": 2, "full_attention_interval": 2,
         "initializer_range": 0.3}
        """;

    private static final String EXPERTS = """
        {"num_experts": 4, "num_experts_per_tok": 2, "moe_intermediate_size": 6,
         "shared_expert_intermediate_size": 5, "mlp_only_layers": [1]}
        """;

    @TempDir
    Path temporary;

    private static ObjectNode config(String json) {
        return (ObjectNode) Json.parse(json, "config.json");
    }

    private static DecoderPlan plan(ObjectNode config) {
        return Families.parse(config, "config.json").plan();
    }

    private static long recurrent(DecoderPlan plan) {
        return plan.layers().stream()
                .filter(layer -> layer.mixer() instanceof Recurrence)
                .count();
    }

    @Test
    @DisplayName("LFM 2: attention everywhere unless the file lists the layers, by numbers or by types")
    void lfm2Layers() {
        assertThat(recurrent(plan(config(LFM2)))).isZero();
        ObjectNode config = config(LFM2);
        config.putArray("full_attn_idxs").add(1);
        assertThat(recurrent(plan(config))).isEqualTo(2);
        config.putArray("layer_types").add("conv").add("full_attention").add("full_attention");
        assertThat(recurrent(plan(config))).isEqualTo(1);
        config.putArray("layer_types").add("conv").add("full_attention");
        assertThatThrownBy(() -> plan(config)).hasMessageContaining("layer_types has 2 entries for 3 layers");
        config.putArray("layer_types").add("conv").add("sliding_attention").add("conv");
        assertThatThrownBy(() -> plan(config))
                .hasMessageContaining("layer_types[1] is \"sliding_attention\"")
                .hasMessageContaining("Known are full_attention and conv");
        ObjectNode listed = config(LFM2);
        listed.putArray("full_attn_idxs").add(3);
        assertThatThrownBy(() -> plan(listed)).hasMessageContaining("full_attn_idxs has 3");
    }

    @Test
    @DisplayName("LFM 2: two thirds of the given width, times a factor, rounded up")
    void lfm2Width() {
        assertThat(inner(config(LFM2))).isEqualTo(80); // 66 to a multiple of 16
        assertThat(inner(config(LFM2).put("block_ffn_dim_multiplier", 1.5))).isEqualTo(112); // 99
        assertThat(inner(config(LFM2).put("block_ff_dim", 24))).isEqualTo(16);
        assertThat(inner(config(LFM2).put("block_auto_adjust_ff_dim", false))).isEqualTo(100);
    }

    private static int inner(ObjectNode config) {
        return plan(config).layers().getFirst().feedForward().inner();
    }

    @Test
    @DisplayName("LFM 2: the head is tied unless either of two keys says otherwise, the older one first")
    void lfm2Head() {
        assertThat(plan(config(LFM2)).head()).isInstanceOf(Head.TiedTokens.class);
        assertThat(plan(config(LFM2).put("tie_word_embeddings", false)).head()).isInstanceOf(Head.Tokens.class);
        assertThat(plan(config(LFM2).put("tie_embedding", false)).head()).isInstanceOf(Head.Tokens.class);
        assertThat(plan(config(LFM2).put("tie_embedding", true).put("tie_word_embeddings", false))
                        .head())
                .isInstanceOf(Head.TiedTokens.class);
    }

    @Test
    @DisplayName("LFM 2: biases of the convolution go there and back, and take part")
    void lfm2Biases() {
        ObjectNode config = config(LFM2).put("conv_bias", true).put("conv_L_cache", 4);
        config.putArray("full_attn_idxs");
        CausalLM model = CausalLM.create(Families.parse(config, "config.json"), Optional.empty(), 3);
        Tensor bias = model.parameter("model.layers.1.conv.conv.bias").value();
        assertThat(model.parameter("model.layers.1.conv.conv.weight").value().shape())
                .hasToString("[12, 1, 4]");
        float[] before = logits(model);
        bias.fill(1f);
        float[] after = logits(model);
        assertThat(after).isNotEqualTo(before);
        model.save(temporary);
        Bits.assertBits("saved and loaded", logits(CausalLM.load(temporary)), after);
    }

    private static ObjectNode next() {
        return config(QWEN).put("model_type", "qwen3_next").setAll(config(EXPERTS));
    }

    @Test
    @DisplayName("Qwen: the interval places attention unless types do; a part of each head is rotated")
    void qwenLayers() {
        assertThat(recurrent(plan(config(QWEN)))).isEqualTo(2);
        assertThat(recurrent(plan(config(QWEN).put("full_attention_interval", 3))))
                .isEqualTo(2);
        assertThat(recurrent(plan(config(QWEN).put("full_attention_interval", 1))))
                .isZero();
        ObjectNode typed = config(QWEN);
        typed.putArray("layer_types")
                .add("full_attention")
                .add("linear_attention")
                .add("full_attention");
        assertThat(recurrent(plan(typed))).isEqualTo(1);
        assertThat(rotated(config(QWEN))).isEqualTo(2);
        assertThat(rotated(config(QWEN).put("partial_rotary_factor", 0.5))).isEqualTo(4);
        ObjectNode both = config(QWEN).put("partial_rotary_factor", 0.5);
        both.remove("rope_theta");
        both.putObject("rope_parameters")
                .put("rope_type", "default")
                .put("rope_theta", 5000.0)
                .put("partial_rotary_factor", 1.0);
        assertThat(rotated(both)).as("the inner one wins").isEqualTo(8);
        assertThatThrownBy(() -> plan(config(QWEN).put("partial_rotary_factor", 0.4)))
                .hasMessageContaining("partial_rotary_factor 0.4 turns 3 of 8");
    }

    private static int rotated(ObjectNode config) {
        Attention.Gated gated = (Attention.Gated) plan(config).layers().get(1).mixer();
        return ((Positions.Rotary) gated.grouped().positions()).dimensions();
    }

    @Test
    @DisplayName("Qwen: what is not computed is an error that names the key")
    void qwenRefused() {
        assertThatThrownBy(() -> plan(config(QWEN).put("attn_output_gate", false)))
                .hasMessageContaining("attn_output_gate");
        assertThatThrownBy(
                        () -> plan(config(QWEN).put("linear_num_value_heads", 4).put("linear_num_key_heads", 3)))
                .hasMessageContaining("linear_num_value_heads 4 is no multiple of linear_num_key_heads 3");
        assertThatThrownBy(() -> plan(config(QWEN).put("linear_conv_kernel_dim", 0)))
                .hasMessageContaining("'linear_conv_kernel_dim' must lie between 1 and 64");
        assertThatThrownBy(() -> plan(config(QWEN).put("hidden_act", "gelu"))).hasMessageContaining("hidden_act");
        assertThatThrownBy(() -> plan(config(QWEN)
                        .put("linear_num_value_heads", 4096)
                        .put("linear_key_head_dim", 4096)
                        .put("linear_value_head_dim", 4096)))
                .hasMessageContaining("4096 states of 4096 x 4096 are more than a tensor holds");
        assertThatThrownBy(() -> plan(next().put("use_sliding_window", true)))
                .hasMessageContaining("use_sliding_window");
    }

    @Test
    @DisplayName("Qwen: projections in turns go there and back; what predicts more tokens at once is passed over")
    void qwenCheckpoints() {
        for (ObjectNode config : List.of(config(QWEN), next(), next().put("attention_bias", true))) {
            CausalLM model = CausalLM.create(Families.parse(config, "config.json"), Optional.empty(), 4);
            float[] expected = logits(model);
            Path folder = temporary.resolve(String.valueOf(config.hashCode()));
            model.save(folder);
            Bits.assertBits("saved and loaded", logits(CausalLM.load(folder)), expected);
        }
        CausalLM saved = CausalLM.create(Families.parse(next(), "config.json"), Optional.empty(), 6);
        saved.save(temporary);
        Path file = temporary.resolve("model.safetensors");
        SafetensorsWriter writer = new SafetensorsWriter();
        try (SafetensorsFile stored = SafetensorsFile.open(file)) {
            stored.names().forEach(name -> writer.add(name, stored.read(name)));
            writer.add("mtp.fc.weight", Tensor.zeros(2, 2));
            writer.write(file);
        }
        Bits.assertBits("with modules beside", logits(CausalLM.load(temporary)), logits(saved));
        ObjectNode config = next();
        CausalLM model = CausalLM.create(Families.parse(config, "config.json"), Optional.empty(), 5);
        String stored = "model.layers.0.linear_attn.in_proj_qkvz.weight";
        assertThat(model.parameter(stored + "[DELTA_VALUE]").value().shape()).hasToString("[21, 12]");
        assertThat(model.parameter("model.layers.0.linear_attn.in_proj_ba.weight[DELTA_DECAY]")
                        .value()
                        .shape())
                .hasToString("[3, 12]");
    }

    private static float[] logits(CausalLM model) {
        int[] tokens = {1, 7, 3, 22, 9};
        return model.logits(model.hidden(tokens, Segments.of(tokens.length)), new int[] {0, 2, 4})
                .toFloatArray();
    }
}
