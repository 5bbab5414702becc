// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer.family;

import dev.jacobian.transformer.config.ConfigKeys;
import dev.jacobian.transformer.plan.Attention;
import dev.jacobian.transformer.plan.Biases;
import dev.jacobian.transformer.plan.CheckpointNames;
import dev.jacobian.transformer.plan.DecoderPlan;
import dev.jacobian.transformer.plan.FeedForward;
import dev.jacobian.transformer.plan.Head;
import dev.jacobian.transformer.plan.LayerPlan;
import dev.jacobian.transformer.plan.Norm;
import dev.jacobian.transformer.plan.Positions;
import dev.jacobian.transformer.plan.Residual;
import dev.jacobian.transformer.plan.Role;
import java.util.Map;

/** GPT-2: learned positions; its matrices are stored lying, queries, keys and values in one of them. */
final class Gpt2 extends Family {
    private static final Role[] QKV = {Role.QUERY, Role.KEY, Role.VALUE};

    private static final CheckpointNames NAMES = CheckpointNames.LLAMA
            .named(Role.EMBEDDING, "transformer.wte")
            .named(Role.POSITION_EMBEDDING, "transformer.wpe")
            .named(Role.ATTENTION_NORM, "transformer.h.{}.ln_1")
            .fused("transformer.h.{}.attn.c_attn", QKV)
            .named(Role.OUTPUT, "transformer.h.{}.attn.c_proj")
            .named(Role.FEED_FORWARD_NORM, "transformer.h.{}.ln_2")
            .named(Role.UP, "transformer.h.{}.mlp.c_fc")
            .named(Role.DOWN, "transformer.h.{}.mlp.c_proj")
            .named(Role.FINAL_NORM, "transformer.ln_f")
            .transposed(QKV)
            .transposed(Role.OUTPUT, Role.UP, Role.DOWN)
            .constants(".attn.bias", ".attn.masked_bias");

    Gpt2() {
        super("gpt2", "GPT2LMHeadModel", "Radford et al., 2019, https://openai.com/index/better-language-models");
    }

    @Override
    public Map<String, String> keys() {
        return Map.of(
                "hidden_size", "n_embd",
                "num_hidden_layers", "n_layer",
                "num_attention_heads", "n_head",
                "intermediate_size", "n_inner",
                "max_position_embeddings", "n_positions",
                "hidden_act", "activation_function");
    }

    @Override
    DecoderPlan scoring(DecoderPlan plan, Head.Scores head) {
        DecoderPlan scoring = super.scoring(plan, head);
        return head.bias()
                ? scoring.withNames(scoring.names().named(Role.SCORE, "classifier")) // of tokens
                : scoring;
    }

    @Override
    public DecoderPlan plan(ConfigKeys config) {
        config.unused("n_ctx", "reorder_and_upcast_attn"); // the length again, and a way to compute the same
        Norm norm = config.layerNorm("layer_norm_epsilon");
        Attention.Grouped heads =
                config.attention(headDim -> new Positions.None()).biases(Biases.ALL);
        Attention.Grouped attention = config.flag("scale_attn_weights", true) ? heads : heads.scale(1);
        boolean less = config.flag("scale_attn_by_inverse_layer_idx");
        FeedForward feedForward = config.plainOf(4).biases(Biases.ALL);
        return new DecoderPlan(
                config.embedding().withPositions(config.maxPositions()),
                config.layers(layer -> new LayerPlan(
                        Residual.PRE,
                        norm,
                        less ? attention.scale(attention.scale() / (layer + 1)) : attention,
                        feedForward)),
                norm,
                config.head(true),
                NAMES);
    }
}
