// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer.family;

import dev.jacobian.transformer.config.ConfigKeys;
import dev.jacobian.transformer.plan.Activation;
import dev.jacobian.transformer.plan.Attention;
import dev.jacobian.transformer.plan.CheckpointNames;
import dev.jacobian.transformer.plan.DecoderPlan;
import dev.jacobian.transformer.plan.FeedForward;
import dev.jacobian.transformer.plan.LayerPlan;
import dev.jacobian.transformer.plan.Norm;
import dev.jacobian.transformer.plan.Residual;

/** Gemma 1: Llama with norms times 1 + w, embeddings times √D and GELU by tanh, also where a file calls it gelu. */
final class Gemma extends Family {
    /** Elements of a head where the file does not say. */
    static final int HEAD_DIM = 256;

    Gemma() {
        super("gemma", "GemmaForCausalLM", "Gemma team, 2024, arXiv:2403.08295");
    }

    @Override
    public DecoderPlan plan(ConfigKeys config) {
        Norm norm = config.rmsNorm().onePlusWeight();
        Attention attention = config.attention(HEAD_DIM).biases(config.biases("attention_bias"));
        Activation named = config.activation("hidden_act", Activation.GELU_TANH);
        Activation better = config.activation("hidden_activation", named);
        FeedForward feedForward = config.gated(better == Activation.GELU ? Activation.GELU_TANH : better);
        return new DecoderPlan(
                config.embeddingTimesRootOfWidth(),
                config.layers(layer -> new LayerPlan(Residual.PRE, norm, attention, feedForward)),
                norm,
                config.head(true),
                CheckpointNames.LLAMA);
    }
}
