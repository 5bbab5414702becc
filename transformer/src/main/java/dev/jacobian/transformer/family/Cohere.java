// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer.family;

import dev.jacobian.transformer.config.ConfigKeys;
import dev.jacobian.transformer.plan.Attention;
import dev.jacobian.transformer.plan.CheckpointNames;
import dev.jacobian.transformer.plan.DecoderPlan;
import dev.jacobian.transformer.plan.FeedForward;
import dev.jacobian.transformer.plan.Head;
import dev.jacobian.transformer.plan.HeadNorm;
import dev.jacobian.transformer.plan.LayerPlan;
import dev.jacobian.transformer.plan.Norm;
import dev.jacobian.transformer.plan.Residual;

/** Command R: both branches read one LayerNorm without a bias, heads are rotated in pairs of neighbours, logits have a factor. */
final class Cohere extends Family {
    private static final double THETA = 500_000;

    /** Factor on logits where the file does not say. */
    static final double LOGIT_SCALE = 0.0625;

    Cohere() {
        super("cohere", "CohereForCausalLM", "https://huggingface.co/CohereLabs/c4ai-command-r-v01");
    }

    @Override
    public DecoderPlan plan(ConfigKeys config) {
        Norm norm = config.layerNormWithoutBias("layer_norm_eps");
        HeadNorm headNorm = config.flag("use_qk_norm") ? new HeadNorm.EachHead(norm) : new HeadNorm.None();
        Attention attention = config.attention(
                        headDim -> config.rotary(headDim, THETA).neighbours())
                .headNorm(headNorm)
                .biases(config.biases("attention_bias"));
        FeedForward feedForward = config.gated();
        return new DecoderPlan(
                config.embedding(),
                config.layers(layer -> new LayerPlan(Residual.PARALLEL_ONE_NORM, norm, attention, feedForward)),
                norm,
                config.head(true).logits(Head.Logits.scaled((float) config.factor("logit_scale", LOGIT_SCALE))),
                CheckpointNames.LLAMA);
    }
}
