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
import dev.jacobian.transformer.plan.Positions;
import dev.jacobian.transformer.plan.Residual;
import java.util.List;

/** Command R7B and A: Command R with a window and rotations in most layers, and neither in every fourth. */
final class Cohere2 extends Family {
    private static final double THETA = 500_000;

    Cohere2() {
        super("cohere2", "Cohere2ForCausalLM", "Cohere team, 2025, arXiv:2504.00698");
    }

    @Override
    public DecoderPlan plan(ConfigKeys config) {
        config.unused("cache_implementation", "layer_switch", "use_embedding_sharing", "use_parallel_embedding");
        config.only("order_of_interleaved_layers", "\"local_attn_first\"");
        config.only("position_embedding_type", "\"rope_gptj\""); // pairs of neighbours
        config.only("use_gated_activation", "true");
        config.only("use_parallel_block", "true");
        Norm norm = config.layerNormWithoutBias("layer_norm_eps");
        Attention.Grouped sliding = config.attention(
                        headDim -> config.rotary(headDim, THETA).neighbours())
                .biases(config.biases("attention_bias"));
        Attention.Grouped full = sliding.positions(new Positions.None());
        FeedForward feedForward = config.gated();
        List<Integer> windows = config.windowsButEvery(4);
        return new DecoderPlan(
                config.embedding(),
                config.layers(layer -> new LayerPlan(
                        Residual.PARALLEL_ONE_NORM,
                        norm,
                        windows.get(layer) == 0 ? full : sliding.window(windows.get(layer)),
                        feedForward)),
                norm,
                config.head(true).logits(Head.Logits.scaled((float) config.factor("logit_scale", Cohere.LOGIT_SCALE))),
                CheckpointNames.LLAMA);
    }
}
