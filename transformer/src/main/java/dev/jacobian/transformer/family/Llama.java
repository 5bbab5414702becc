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

/** Llama 1 to 3, and the many models that were built like it: what all other families are compared with. */
final class Llama extends Family {
    Llama() {
        super(
                "llama",
                "LlamaForCausalLM",
                "Touvron et al., 2023, arXiv:2302.13971; grouped queries since arXiv:2307.09288");
    }

    @Override
    public DecoderPlan plan(ConfigKeys config) {
        config.unused("use_sliding_window", "max_window_layers");
        config.windows(layer -> false); // must be well-formed, but Llama has none whatever they are
        Norm norm = config.rmsNorm();
        Attention attention = config.attention().biases(config.biases("attention_bias"));
        FeedForward feedForward = config.gated().biases(config.biases("mlp_bias"));
        return new DecoderPlan(
                config.embedding(),
                config.layers(layer -> new LayerPlan(Residual.PRE, norm, attention, feedForward)),
                norm,
                config.head(),
                CheckpointNames.LLAMA);
    }
}
