// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer.family;

import dev.jacobian.transformer.config.ConfigKeys;
import dev.jacobian.transformer.plan.Attention;
import dev.jacobian.transformer.plan.Biases;
import dev.jacobian.transformer.plan.CheckpointNames;
import dev.jacobian.transformer.plan.DecoderPlan;
import dev.jacobian.transformer.plan.FeedForward;
import dev.jacobian.transformer.plan.LayerPlan;
import dev.jacobian.transformer.plan.Norm;
import dev.jacobian.transformer.plan.Residual;
import dev.jacobian.transformer.plan.Role;
import java.util.List;

/** StarCoder 2: GPT-2's LayerNorm, biases and feed-forward on Llama's attention, every layer with a window. */
final class StarCoder2 extends Family {
    StarCoder2() {
        super("starcoder2", "Starcoder2ForCausalLM", "Lozhkov et al., 2024, arXiv:2402.19173");
    }

    @Override
    public DecoderPlan plan(ConfigKeys config) {
        config.unused("activation_function", "layer_norm_epsilon"); // of GPT-2, beside the keys that are read
        config.unused("attention_softmax_in_fp32", "scale_attention_softmax_in_fp32"); // as all softmax here
        config.only("mlp_type", "\"default\"");
        config.only("norm_type", "\"layer_norm\"");
        config.only("scale_attn_weights", "true");
        Norm norm = config.layerNorm("norm_epsilon");
        Biases biases = config.biases("use_bias", true);
        Attention.Grouped attention = config.attention().biases(biases);
        FeedForward feedForward = config.plain().biases(biases);
        List<Integer> windows = config.windows(0, layer -> true);
        return new DecoderPlan(
                config.embedding(),
                config.layers(
                        layer -> new LayerPlan(Residual.PRE, norm, attention.window(windows.get(layer)), feedForward)),
                norm,
                config.head(true),
                CheckpointNames.LLAMA
                        .named(Role.UP, "model.layers.{}.mlp.c_fc")
                        .named(Role.DOWN, "model.layers.{}.mlp.c_proj"));
    }
}
