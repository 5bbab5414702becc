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

/** Nemotron: LayerNorm times 1 + w, half of each head turned, and a feed-forward without a gate that squares what is positive. */
final class Nemotron extends Family {
    /** Share of a head that is turned where the file does not say. */
    private static final double TURNED = 0.5;

    Nemotron() {
        super("nemotron", "NemotronForCausalLM", "Parmar et al., 2024, arXiv:2402.16819");
    }

    @Override
    public DecoderPlan plan(ConfigKeys config) {
        Norm norm = config.layerNorm("norm_eps").onePlusWeight();
        Attention attention = config.attention(headDim -> config.partialRotary(headDim, TURNED))
                .biases(config.biases("attention_bias"));
        FeedForward feedForward = config.plain().biases(config.biases("mlp_bias"));
        return new DecoderPlan(
                config.embedding(),
                config.layers(layer -> new LayerPlan(Residual.PRE, norm, attention, feedForward)),
                norm,
                config.head(),
                CheckpointNames.LLAMA);
    }
}
