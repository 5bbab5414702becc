// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer.family;

import dev.jacobian.transformer.config.ConfigKeys;
import dev.jacobian.transformer.plan.Attention;
import dev.jacobian.transformer.plan.CheckpointNames;
import dev.jacobian.transformer.plan.DecoderPlan;
import dev.jacobian.transformer.plan.FeedForward;
import dev.jacobian.transformer.plan.LayerPlan;
import dev.jacobian.transformer.plan.Norm;
import dev.jacobian.transformer.plan.Residual;
import dev.jacobian.transformer.plan.Role;
import java.util.List;

/** Phi 3 and 4: Llama whose projections that share an input are one tensor; a part of each head may be rotated. */
final class Phi3 extends Family {
    Phi3() {
        super("phi3", "Phi3ForCausalLM", "Abdin et al., 2024, arXiv:2404.14219");
    }

    @Override
    public DecoderPlan plan(ConfigKeys config) {
        config.unused("full_attn_mod", "interpolate_factor"); // of the authors' own program
        config.unused("original_max_position_embeddings"); // where no frequencies are scaled
        config.only("attention_bias", "false");
        config.only("lm_head_bias", "false");
        Norm norm = config.rmsNorm();
        Attention.Grouped attention = config.attention(headDim -> config.partialRotary(headDim, 1));
        FeedForward feedForward = config.gated();
        List<Integer> windows = config.windows(0, layer -> true);
        return new DecoderPlan(
                config.embedding(),
                config.layers(
                        layer -> new LayerPlan(Residual.PRE, norm, attention.window(windows.get(layer)), feedForward)),
                norm,
                config.head(),
                CheckpointNames.LLAMA
                        .fused("model.layers.{}.self_attn.qkv_proj", Role.QUERY, Role.KEY, Role.VALUE)
                        .fused("model.layers.{}.mlp.gate_up_proj", Role.GATE, Role.UP));
    }
}
