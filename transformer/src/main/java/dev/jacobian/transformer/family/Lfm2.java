// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer.family;

import dev.jacobian.transformer.config.ConfigKeys;
import dev.jacobian.transformer.plan.Activation;
import dev.jacobian.transformer.plan.Biases;
import dev.jacobian.transformer.plan.CheckpointNames;
import dev.jacobian.transformer.plan.DecoderPlan;
import dev.jacobian.transformer.plan.Embedding;
import dev.jacobian.transformer.plan.FeedForward;
import dev.jacobian.transformer.plan.Head;
import dev.jacobian.transformer.plan.HeadNorm;
import dev.jacobian.transformer.plan.LayerPlan;
import dev.jacobian.transformer.plan.Mixer;
import dev.jacobian.transformer.plan.Norm;
import dev.jacobian.transformer.plan.Recurrence;
import dev.jacobian.transformer.plan.Residual;
import dev.jacobian.transformer.plan.Role;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** LFM 2: gated short convolutions, and attention in the layers that the file lists. */
final class Lfm2 extends Family {
    private static final CheckpointNames NAMES = CheckpointNames.LLAMA
            .named(Role.ATTENTION_NORM, "model.layers.{}.operator_norm")
            .named(Role.OUTPUT, "model.layers.{}.self_attn.out_proj")
            .named(Role.QUERY_NORM, "model.layers.{}.self_attn.q_layernorm")
            .named(Role.KEY_NORM, "model.layers.{}.self_attn.k_layernorm")
            .fused(
                    "model.layers.{}.conv.in_proj",
                    Role.CONVOLUTION_IN_GATE,
                    Role.CONVOLUTION_OUT_GATE,
                    Role.CONVOLUTION_INPUT)
            .named(Role.CONVOLUTION_TAPS, "model.layers.{}.conv.conv")
            .named(Role.CONVOLUTION_OUTPUT, "model.layers.{}.conv.out_proj")
            .named(Role.FEED_FORWARD_NORM, "model.layers.{}.ffn_norm")
            .named(Role.GATE, "model.layers.{}.feed_forward.w1")
            .named(Role.UP, "model.layers.{}.feed_forward.w3")
            .named(Role.DOWN, "model.layers.{}.feed_forward.w2")
            .named(Role.FINAL_NORM, "model.embedding_norm");

    private static final double THETA = 1_000_000;
    private static final int MAX_TAPS = 64;
    private static final int MAX_INNER = 1 << 20;

    Lfm2() {
        super("lfm2", "Lfm2ForCausalLM", "Liquid AI, 2025, arXiv:2511.23404");
    }

    @Override
    public Map<String, String> keys() {
        return Map.of("rms_norm_eps", "norm_eps");
    }

    @Override
    public DecoderPlan plan(ConfigKeys config) {
        // what the original training code had besides; transformers reads none of them
        config.unused("block_dim", "block_norm_eps", "block_use_xavier_init", "block_mlp_init_scale", "conv_dim");
        config.unused("block_out_init_scale", "conv_dim_out", "conv_use_xavier_init", "num_heads", "use_pos_enc");
        config.only("block_use_swiglu", "true");
        Embedding embedding = config.embedding();
        Norm norm = config.rmsNorm();
        Mixer attention =
                config.attention(headDim -> config.rotary(headDim, THETA)).headNorm(new HeadNorm.PerHead(norm));
        Mixer convolution = new Recurrence.ShortConvolution(
                embedding.width(), config.positive("conv_L_cache", MAX_TAPS, 3), config.biases("conv_bias"));
        Optional<Set<Integer>> attending = config.layerNumbers("full_attn_idxs");
        List<String> types = config.layerTypes(
                layer -> attending.isEmpty() || attending.get().contains(layer) ? "full_attention" : "conv",
                "full_attention",
                "conv");
        boolean tied = config.flag("tie_embedding", config.flag("tie_word_embeddings", true));
        FeedForward feedForward = new FeedForward.Gated(inner(config), Activation.SILU, Biases.NONE);
        return new DecoderPlan(
                embedding,
                config.layers(layer -> new LayerPlan(
                        Residual.PRE, norm, types.get(layer).equals("conv") ? convolution : attention, feedForward)),
                norm,
                tied ? new Head.TiedTokens() : new Head.Tokens(),
                NAMES);
    }

    /** The width that the file gives is that of a feed-forward without a gate; a gated one of as many parameters has two thirds. */
    private static int inner(ConfigKeys config) {
        int given = config.positive("block_ff_dim", MAX_INNER, config.positive("intermediate_size", MAX_INNER, 12_288));
        double factor = config.factor("block_ffn_dim_multiplier", 1);
        int multiple = config.positive("block_multiple_of", MAX_INNER, 256);
        if (!config.flag("block_auto_adjust_ff_dim", true)) {
            return given;
        }
        int twoThirds = 2 * given / 3; // a whole number before it is multiplied
        return Math.ceilDiv((int) (factor * twoThirds), multiple) * multiple;
    }
}
