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

/** GLM 4 of April 2025: norms also after each branch, half of each head rotated in pairs of neighbours, gate and up in one tensor. */
final class Glm4 extends Family {
    /** Elements of a head where the file does not say. */
    private static final int HEAD_DIM = 128;

    Glm4() {
        super("glm4", "Glm4ForCausalLM", "https://github.com/THUDM/GLM-4");
    }

    @Override
    public DecoderPlan plan(ConfigKeys config) {
        return plan(config, Residual.SANDWICH);
    }

    /** The same with branches of another form. */
    static DecoderPlan plan(ConfigKeys config, Residual residual) {
        Norm norm = config.rmsNorm();
        Attention attention = config.attention(
                        HEAD_DIM, headDim -> config.partialRotary(headDim, 0.5).neighbours())
                .biases(config.flag("attention_bias", true) ? Biases.INPUTS : Biases.NONE);
        FeedForward feedForward = config.gated();
        return new DecoderPlan(
                config.embedding(),
                config.layers(layer -> new LayerPlan(residual, norm, attention, feedForward)),
                norm,
                config.head(),
                CheckpointNames.LLAMA
                        .named(Role.ATTENTION_POST_NORM, "model.layers.{}.post_self_attn_layernorm")
                        .named(Role.FEED_FORWARD_POST_NORM, "model.layers.{}.post_mlp_layernorm")
                        .fused("model.layers.{}.mlp.gate_up_proj", Role.GATE, Role.UP));
    }
}
