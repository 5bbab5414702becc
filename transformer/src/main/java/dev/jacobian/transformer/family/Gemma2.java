// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer.family;

import dev.jacobian.transformer.config.ConfigKeys;
import dev.jacobian.transformer.plan.Activation;
import dev.jacobian.transformer.plan.Attention;
import dev.jacobian.transformer.plan.CheckpointNames;
import dev.jacobian.transformer.plan.DecoderPlan;
import dev.jacobian.transformer.plan.FeedForward;
import dev.jacobian.transformer.plan.Head;
import dev.jacobian.transformer.plan.LayerPlan;
import dev.jacobian.transformer.plan.Norm;
import dev.jacobian.transformer.plan.Residual;
import dev.jacobian.transformer.plan.Role;
import java.util.List;

/** Gemma 2: norms also after each branch, scores and logits under soft caps, a window in every other layer. */
final class Gemma2 extends Family {
    /** The four norms of a layer, as Gemma 3 calls them too. */
    static final CheckpointNames NAMES = CheckpointNames.LLAMA
            .named(Role.ATTENTION_POST_NORM, "model.layers.{}.post_attention_layernorm")
            .named(Role.FEED_FORWARD_NORM, "model.layers.{}.pre_feedforward_layernorm")
            .named(Role.FEED_FORWARD_POST_NORM, "model.layers.{}.post_feedforward_layernorm");

    Gemma2() {
        super("gemma2", "Gemma2ForCausalLM", "Gemma team, 2024, arXiv:2408.00118");
    }

    @Override
    public DecoderPlan plan(ConfigKeys config) {
        config.unused(
                "hidden_act", "cache_implementation"); // the same activation again, and how a program runs the model
        Norm norm = config.rmsNorm().onePlusWeight();
        Attention.Grouped attention = config.attention(Gemma.HEAD_DIM)
                .scale(config.inverseRoot("query_pre_attn_scalar", 256))
                .softCap(config.softCap("attn_logit_softcapping", 50))
                .biases(config.biases("attention_bias"));
        FeedForward feedForward = config.gated(config.activation("hidden_activation", Activation.GELU_TANH));
        List<Integer> windows = config.windows(layer -> layer % 2 == 0);
        return new DecoderPlan(
                config.embeddingTimesRootOfWidth(),
                config.layers(layer ->
                        new LayerPlan(Residual.SANDWICH, norm, attention.window(windows.get(layer)), feedForward)),
                norm,
                config.head(true).logits(Head.Logits.capped(config.softCap("final_logit_softcapping", 30))),
                NAMES);
    }
}
