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
import dev.jacobian.transformer.plan.Residual;
import dev.jacobian.transformer.plan.Role;
import java.util.Map;

/** GPT-NeoX and Pythia: both branches read the same state, a quarter of each head is rotated, queries, keys and values head by head. */
final class GptNeoX extends Family {
    GptNeoX() {
        super(
                "gpt_neox",
                "GPTNeoXForCausalLM",
                "Black et al., 2022, arXiv:2204.06745; Biderman et al., 2023, arXiv:2304.01373");
    }

    @Override
    public Map<String, String> keys() {
        return Map.of("partial_rotary_factor", "rotary_pct");
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
        double theta = config.factor("rotary_emb_base", 10_000);
        Norm norm = config.layerNorm("layer_norm_eps");
        Attention.Grouped attention = config.attention(headDim -> config.partialRotary(headDim, 0.25, theta))
                .biases(config.biases("attention_bias", true));
        FeedForward feedForward = config.plain().biases(Biases.ALL);
        Residual residual = config.flag("use_parallel_residual", true) ? Residual.PARALLEL : Residual.PRE;
        return new DecoderPlan(
                config.embedding(),
                config.layers(layer -> new LayerPlan(residual, norm, attention, feedForward)),
                norm,
                config.head(),
                names(attention.headDim()));
    }

    private static CheckpointNames names(int headDim) {
        return CheckpointNames.LLAMA
                .named(Role.EMBEDDING, "gpt_neox.embed_in")
                .named(Role.ATTENTION_NORM, "gpt_neox.layers.{}.input_layernorm")
                .interleaved("gpt_neox.layers.{}.attention.query_key_value", headDim, Role.QUERY, Role.KEY, Role.VALUE)
                .named(Role.OUTPUT, "gpt_neox.layers.{}.attention.dense")
                .named(Role.FEED_FORWARD_NORM, "gpt_neox.layers.{}.post_attention_layernorm")
                .named(Role.UP, "gpt_neox.layers.{}.mlp.dense_h_to_4h")
                .named(Role.DOWN, "gpt_neox.layers.{}.mlp.dense_4h_to_h")
                .named(Role.FINAL_NORM, "gpt_neox.final_layer_norm")
                .named(Role.HEAD, "embed_out")
                .constants(".attention.bias", ".attention.masked_bias");
    }
}
