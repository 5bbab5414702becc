// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer.family;

import dev.jacobian.transformer.config.ConfigKeys;
import dev.jacobian.transformer.config.ExpertKeys;
import dev.jacobian.transformer.plan.Attention;
import dev.jacobian.transformer.plan.Biases;
import dev.jacobian.transformer.plan.CheckpointNames;
import dev.jacobian.transformer.plan.DecoderPlan;
import dev.jacobian.transformer.plan.FeedForward;
import dev.jacobian.transformer.plan.FeedForward.Experts.Gating;
import dev.jacobian.transformer.plan.LayerPlan;
import dev.jacobian.transformer.plan.Norm;
import dev.jacobian.transformer.plan.Residual;
import dev.jacobian.transformer.plan.Role;
import java.util.List;

/** gpt-oss: experts in every layer, sinks, biases everywhere, and a window in every other layer from the first on. */
final class GptOss extends Family {
    private static final CheckpointNames NAMES = CheckpointNames.LLAMA
            .named(Role.SINKS, "model.layers.{}.self_attn.sinks")
            .named(Role.ROUTER, "model.layers.{}.mlp.router")
            .interleaved("model.layers.{}.mlp.experts.gate_up_proj", 1, Role.EXPERT_GATE, Role.EXPERT_UP)
            .named(Role.EXPERT_DOWN, "model.layers.{}.mlp.experts.down_proj")
            .transposed(Role.EXPERT_GATE, Role.EXPERT_UP, Role.EXPERT_DOWN);

    private static final int HEAD_DIM = 64;
    private static final int WINDOW = 128;

    GptOss() {
        super("gpt_oss", "GptOssForCausalLM", "OpenAI, 2025, arXiv:2508.10925");
    }

    @Override
    public DecoderPlan plan(ConfigKeys config) {
        config.unused("initial_context_length");
        config.only("swiglu_limit", "7.0");
        Norm norm = config.rmsNorm();
        Attention.Grouped attention = config.attention(HEAD_DIM)
                .biases(config.flag("attention_bias", true) ? Biases.ALL : Biases.NONE)
                .withSinks();
        ExpertKeys keys = config.experts();
        FeedForward experts = keys.ofFeedForwardSize(keys.biasedSoftmax())
                .gating(Gating.CLAMPED_SWIGLU)
                .biases(Biases.ALL);
        List<Integer> windows = config.windows(WINDOW, layer -> layer % 2 == 0);
        return new DecoderPlan(
                config.embedding(),
                config.layers(
                        layer -> new LayerPlan(Residual.PRE, norm, attention.window(windows.get(layer)), experts)),
                norm,
                config.head(),
                NAMES);
    }
}
