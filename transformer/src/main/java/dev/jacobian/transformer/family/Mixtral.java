// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer.family;

import dev.jacobian.transformer.config.ConfigKeys;
import dev.jacobian.transformer.config.ExpertKeys;
import dev.jacobian.transformer.plan.Attention;
import dev.jacobian.transformer.plan.CheckpointNames;
import dev.jacobian.transformer.plan.DecoderPlan;
import dev.jacobian.transformer.plan.FeedForward;
import dev.jacobian.transformer.plan.LayerPlan;
import dev.jacobian.transformer.plan.Norm;
import dev.jacobian.transformer.plan.Residual;
import dev.jacobian.transformer.plan.Role;
import java.util.List;

/** Mixtral: Mistral with experts in every layer; all layers have a window if any has. */
final class Mixtral extends Family {
    private static final CheckpointNames NAMES = CheckpointNames.LLAMA
            .named(Role.ROUTER, "model.layers.{}.block_sparse_moe.gate")
            .named(Role.EXPERT_GATE, "model.layers.{}.block_sparse_moe.experts.*.w1")
            .named(Role.EXPERT_UP, "model.layers.{}.block_sparse_moe.experts.*.w3")
            .named(Role.EXPERT_DOWN, "model.layers.{}.block_sparse_moe.experts.*.w2");

    Mixtral() {
        super("mixtral", "MixtralForCausalLM", "Jiang et al., 2024, arXiv:2401.04088");
    }

    @Override
    public DecoderPlan plan(ConfigKeys config) {
        config.unused("router_jitter_noise", "attention_bias"); // noise is of training alone, biases are not a choice
        Norm norm = config.rmsNorm();
        Attention.Grouped attention = config.attention();
        ExpertKeys experts = config.experts();
        FeedForward feedForward = experts.ofFeedForwardSize(experts.softmax(true));
        List<Integer> windows = config.windows(0, layer -> true);
        return new DecoderPlan(
                config.embedding(),
                config.layers(
                        layer -> new LayerPlan(Residual.PRE, norm, attention.window(windows.get(layer)), feedForward)),
                norm,
                config.head(),
                NAMES);
    }
}
