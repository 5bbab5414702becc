// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer.family;

import dev.jacobian.transformer.config.ConfigKeys;
import dev.jacobian.transformer.plan.Activation;
import dev.jacobian.transformer.plan.Attention;
import dev.jacobian.transformer.plan.DecoderPlan;
import dev.jacobian.transformer.plan.FeedForward;
import dev.jacobian.transformer.plan.Head;
import dev.jacobian.transformer.plan.HeadNorm;
import dev.jacobian.transformer.plan.LayerPlan;
import dev.jacobian.transformer.plan.Norm;
import dev.jacobian.transformer.plan.Residual;
import dev.jacobian.transformer.plan.RopeConfig;
import java.util.List;

/**
 * Gemma 3 of text: norms of queries and keys in place of soft caps, and rotations of its own in layers with a window, whose
 * frequencies are never scaled.
 */
final class Gemma3 extends Family {
    private static final double GLOBAL_THETA = 1_000_000;
    private static final double LOCAL_THETA = 10_000;

    Gemma3() {
        super("gemma3_text", "Gemma3ForCausalLM", "Gemma team, 2025, arXiv:2503.19786");
    }

    @Override
    public DecoderPlan plan(ConfigKeys config) {
        config.unused(
                "hidden_act", "cache_implementation"); // the same activation again, and how a program runs the model
        Norm.Rms norm = config.rmsNorm().onePlusWeight();
        double localTheta = config.factor("rope_local_base_freq", LOCAL_THETA);
        RopeConfig global = config.rope("full_attention", GLOBAL_THETA).orElseGet(() -> config.rope(GLOBAL_THETA));
        RopeConfig local =
                config.rope("sliding_attention", localTheta).orElseGet(() -> new RopeConfig.Default(localTheta));
        Attention.Grouped full = config.attention(Gemma.HEAD_DIM, headDim -> config.rotary(headDim, global))
                .scale(config.inverseRoot("query_pre_attn_scalar", 256))
                .softCap(config.softCap("attn_logit_softcapping", 0))
                .headNorm(new HeadNorm.PerHead(norm))
                .biases(config.biases("attention_bias"));
        Attention.Grouped sliding = full.positions(config.rotary(full.headDim(), local));
        FeedForward feedForward = config.gated(config.activation("hidden_activation", Activation.GELU_TANH));
        List<Integer> windows = config.windowsButEvery(6);
        return new DecoderPlan(
                config.embeddingTimesRootOfWidth(),
                config.layers(layer -> new LayerPlan(
                        Residual.SANDWICH,
                        norm,
                        windows.get(layer) == 0 ? full : sliding.window(windows.get(layer)),
                        feedForward)),
                norm,
                config.head(true).logits(Head.Logits.capped(config.softCap("final_logit_softcapping", 0))),
                Gemma2.NAMES);
    }
}
