// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer.family;

import dev.jacobian.transformer.config.ConfigKeys;
import dev.jacobian.transformer.plan.CheckpointNames;
import dev.jacobian.transformer.plan.DecoderPlan;
import dev.jacobian.transformer.plan.FeedForward;
import dev.jacobian.transformer.plan.LayerPlan;
import dev.jacobian.transformer.plan.Mixer;
import dev.jacobian.transformer.plan.Norm;
import dev.jacobian.transformer.plan.Residual;
import dev.jacobian.transformer.plan.Role;
import java.util.List;

/** Qwen 3.5, text: Qwen 3-Next with dense feed-forwards, and projections that are stored one by one. */
final class Qwen35 extends Family {
    Qwen35() {
        super("qwen3_5_text", "Qwen3_5ForCausalLM", "https://huggingface.co/Qwen/Qwen3.5-27B");
    }

    @Override
    public DecoderPlan plan(ConfigKeys config) {
        config.only("mlp_only_layers", "[]");
        Norm norm = Qwen3Next.norm(config);
        List<Mixer> mixers = Qwen3Next.mixers(config, norm);
        FeedForward feedForward = config.gated();
        CheckpointNames names = Qwen3Next.gatedQueries(config)
                .fused("model.layers.{}.linear_attn.in_proj_qkv", Role.DELTA_QUERY, Role.DELTA_KEY, Role.DELTA_VALUE)
                .named(Role.DELTA_GATE, "model.layers.{}.linear_attn.in_proj_z")
                .named(Role.DELTA_STRENGTH, "model.layers.{}.linear_attn.in_proj_b")
                .named(Role.DELTA_DECAY, "model.layers.{}.linear_attn.in_proj_a");
        return new DecoderPlan(
                config.embedding(),
                config.layers(layer -> new LayerPlan(Residual.PRE, norm, mixers.get(layer), feedForward)),
                norm,
                config.head(),
                names);
    }
}
