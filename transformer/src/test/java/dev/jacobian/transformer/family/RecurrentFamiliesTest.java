// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer.family;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.Json;
import dev.jacobian.tensor.Segments;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.testing.Bits;
import dev.jacobian.transformer.CausalLM;
import dev.jacobian.transformer.plan.DecoderPlan;
import dev.jacobian.transformer.plan.Head;
import dev.jacobian.transformer.plan.Recurrence;
import java.nio.file.Path;
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

    private static float[] logits(CausalLM model) {
        int[] tokens = {1, 7, 3, 22, 9};
        return model.logits(model.hidden(tokens, Segments.of(tokens.length)), new int[] {0, 2, 4})
                .toFloatArray();
    }
}
