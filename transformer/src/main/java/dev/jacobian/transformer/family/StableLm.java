// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer.family;

import dev.jacobian.transformer.config.ConfigKeys;
import dev.jacobian.transformer.plan.Attention;
import dev.jacobian.transformer.plan.Biases;
import dev.jacobian.transformer.plan.CheckpointNames;
import dev.jacobian.transformer.plan.DecoderPlan;
import dev.jacobian.transformer.plan.FeedForward;
import dev.jacobian.transformer.plan.HeadNorm;
import dev.jacobian.transformer.plan.LayerPlan;
import dev.jacobian.transformer.plan.Norm;
import dev.jacobian.transformer.plan.Residual;
import dev.jacobian.transformer.plan.Role;

/** StableLM 2: Llama with LayerNorm and a quarter of each head rotated; the larger ones with both branches side by side. */
final class StableLm extends Family {
    StableLm() {
        super("stablelm", "StableLmForCausalLM", "Bellagente et al., 2024, arXiv:2402.17834");
    }

    @Override
    public DecoderPlan plan(ConfigKeys config) {
        Norm norm = config.layerNorm("layer_norm_eps");
        HeadNorm headNorm = config.flag("qk_layernorm")
                ? new HeadNorm.EachHead(config.layerNormWithoutBias("layer_norm_eps"))
                : new HeadNorm.None();
        Attention attention = config.attention(headDim -> config.partialRotary(headDim, 0.25))
                .headNorm(headNorm)
                .biases(config.flag("use_qkv_bias") ? Biases.INPUTS : Biases.NONE);
        FeedForward feedForward = config.gated();
        Residual residual = config.flag("use_parallel_residual") ? Residual.PARALLEL_ONE_NORM : Residual.PRE;
        return new DecoderPlan(
                config.embedding(),
                config.layers(layer -> new LayerPlan(residual, norm, attention, feedForward)),
                norm,
                config.head(),
                CheckpointNames.LLAMA
                        .named(Role.QUERY_NORM, "model.layers.{}.self_attn.q_layernorm.norms.*")
                        .named(Role.KEY_NORM, "model.layers.{}.self_attn.k_layernorm.norms.*"));
    }
}
