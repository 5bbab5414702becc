// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer.family;

import dev.jacobian.transformer.config.ConfigKeys;
import dev.jacobian.transformer.plan.Attention;
import dev.jacobian.transformer.plan.CheckpointNames;
import dev.jacobian.transformer.plan.DecoderPlan;
import dev.jacobian.transformer.plan.FeedForward;
import dev.jacobian.transformer.plan.Head;
import dev.jacobian.transformer.plan.LayerPlan;
import dev.jacobian.transformer.plan.Norm;
import dev.jacobian.transformer.plan.Residual;

/** Granite: Llama with factors on embeddings, scores, branches and logits, so that one learning rate serves all widths. */
final class Granite extends Family {
    Granite() {
        super("granite", "GraniteForCausalLM", "Shen et al., 2024, arXiv:2408.13359");
    }

    @Override
    public DecoderPlan plan(ConfigKeys config) {
        Norm norm = config.rmsNorm();
        Attention attention = config.attention()
                .scale((float) config.factor("attention_multiplier", 1))
                .biases(config.biases("attention_bias"));
        FeedForward feedForward = config.gated().biases(config.biases("mlp_bias"));
        Residual residual = Residual.PRE.scaled((float) config.factor("residual_multiplier", 1));
        return new DecoderPlan(
                config.embedding().scaled((float) config.factor("embedding_multiplier", 1)),
                config.layers(layer -> new LayerPlan(residual, norm, attention, feedForward)),
                norm,
                config.head().logits(Head.Logits.scaled(1 / (float) config.factor("logits_scaling", 1))),
                CheckpointNames.LLAMA);
    }
}
