// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer.family;

import dev.jacobian.transformer.config.ConfigKeys;
import dev.jacobian.transformer.config.ExpertKeys;
import dev.jacobian.transformer.plan.Attention;
import dev.jacobian.transformer.plan.Biases;
import dev.jacobian.transformer.plan.DecoderPlan;
import dev.jacobian.transformer.plan.FeedForward;
import dev.jacobian.transformer.plan.LayerPlan;
import dev.jacobian.transformer.plan.Norm;
import dev.jacobian.transformer.plan.Residual;
import java.util.List;
import java.util.function.IntPredicate;

/** Qwen 1.5 and 2 with experts: Qwen 2 with experts and a gated feed-forward beside them, in some layers or all. */
final class Qwen2Moe extends Family {
    Qwen2Moe() {
        super("qwen2_moe", "Qwen2MoeForCausalLM", "Yang et al., 2024, arXiv:2407.10671");
    }

    @Override
    public DecoderPlan plan(ConfigKeys config) {
        Norm norm = config.rmsNorm();
        Attention.Grouped attention =
                config.attention().biases(config.flag("qkv_bias", true) ? Biases.INPUTS : Biases.NONE);
        ExpertKeys keys = config.experts();
        FeedForward experts =
                keys.ofOwnSize(keys.softmaxAsGiven()).shared(keys.gatedShared("shared_expert_intermediate_size"));
        FeedForward dense = config.gated();
        IntPredicate sparse = keys.layersByStep();
        List<Integer> windows = config.windowsBeforeLayer();
        return new DecoderPlan(
                config.embedding(),
                config.layers(layer -> new LayerPlan(
                        Residual.PRE,
                        norm,
                        attention.window(windows.get(layer)),
                        sparse.test(layer) ? experts : dense)),
                norm,
                config.head(),
                Qwen3Moe.NAMES);
    }
}
