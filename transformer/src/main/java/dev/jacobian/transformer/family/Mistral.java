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
import java.util.List;

/** Mistral: every layer has a window, unless the file says otherwise. */
final class Mistral extends Family {
    Mistral() {
        super("mistral", "MistralForCausalLM", "Jiang et al., 2023, arXiv:2310.06825");
    }

    @Override
    public DecoderPlan plan(ConfigKeys config) {
        config.unused("use_sliding_window", "max_window_layers");
        Norm norm = config.rmsNorm();
        Attention.Grouped attention = config.attention().biases(config.biases("attention_bias"));
        FeedForward feedForward = config.gated();
        List<Integer> windows = config.windows(layer -> true);
        return new DecoderPlan(
                config.embedding(),
                config.layers(
                        layer -> new LayerPlan(Residual.PRE, norm, attention.window(windows.get(layer)), feedForward)),
                norm,
                config.head(),
                CheckpointNames.LLAMA);
    }
}
