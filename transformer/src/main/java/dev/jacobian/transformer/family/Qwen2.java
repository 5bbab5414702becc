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
import java.util.List;

/** Qwen 2 and 2.5: biases on queries, keys and values; windows from a layer on, where they are used. */
final class Qwen2 extends Family {
    Qwen2() {
        super("qwen2", "Qwen2ForCausalLM", "Yang et al., 2024, arXiv:2407.10671");
    }

    @Override
    public DecoderPlan plan(ConfigKeys config) {
        config.unused("attention_bias"); // biases are not a choice
        Norm norm = config.rmsNorm();
        Attention.Grouped attention = config.attention().biases(Biases.INPUTS);
        FeedForward feedForward = config.gated();
        List<Integer> windows = config.windowsFromLayer();
        return new DecoderPlan(
                config.embedding(),
                config.layers(
                        layer -> new LayerPlan(Residual.PRE, norm, attention.window(windows.get(layer)), feedForward)),
                norm,
                config.head(),
                CheckpointNames.LLAMA);
    }
}
