// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer.family;

import dev.jacobian.transformer.config.ConfigKeys;
import dev.jacobian.transformer.config.ExpertKeys;
import dev.jacobian.transformer.plan.Attention;
import dev.jacobian.transformer.plan.CheckpointNames;
import dev.jacobian.transformer.plan.DecoderPlan;
import dev.jacobian.transformer.plan.FeedForward;
import dev.jacobian.transformer.plan.HeadNorm;
import dev.jacobian.transformer.plan.LayerPlan;
import dev.jacobian.transformer.plan.Norm;
import dev.jacobian.transformer.plan.Residual;
import dev.jacobian.transformer.plan.Role;
import java.util.List;
import java.util.function.IntPredicate;

/** Qwen 3 with experts in some layers or all. */
final class Qwen3Moe extends Family {
    static final CheckpointNames NAMES = CheckpointNames.LLAMA
            .named(Role.ROUTER, "model.layers.{}.mlp.gate")
            .named(Role.EXPERT_GATE, "model.layers.{}.mlp.experts.*.gate_proj")
            .named(Role.EXPERT_UP, "model.layers.{}.mlp.experts.*.up_proj")
            .named(Role.EXPERT_DOWN, "model.layers.{}.mlp.experts.*.down_proj")
            .named(Role.SHARED_GATE, "model.layers.{}.mlp.shared_expert.gate_proj")
            .named(Role.SHARED_UP, "model.layers.{}.mlp.shared_expert.up_proj")
            .named(Role.SHARED_DOWN, "model.layers.{}.mlp.shared_expert.down_proj")
            .named(Role.SHARED_WEIGHT, "model.layers.{}.mlp.shared_expert_gate");

    Qwen3Moe() {
        super("qwen3_moe", "Qwen3MoeForCausalLM", "Yang et al., 2025, arXiv:2505.09388");
    }

    @Override
    public DecoderPlan plan(ConfigKeys config) {
        if (!config.flag("use_sliding_window")) {
            config.unused("max_window_layers"); // published files give it beside windows that are switched off
        }
        Norm norm = config.rmsNorm();
        Attention.Grouped attention =
                config.attention().headNorm(new HeadNorm.PerHead(norm)).biases(config.biases("attention_bias"));
        ExpertKeys keys = config.experts();
        FeedForward experts = keys.ofOwnSize(keys.softmaxAsGiven());
        FeedForward dense = config.gated();
        IntPredicate sparse = keys.layersByStep();
        List<Integer> windows = config.windowsIfUsed();
        return new DecoderPlan(
                config.embedding(),
                config.layers(layer -> new LayerPlan(
                        Residual.PRE,
                        norm,
                        attention.window(windows.get(layer)),
                        sparse.test(layer) ? experts : dense)),
                norm,
                config.head(),
                NAMES);
    }
}
