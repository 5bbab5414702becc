// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer.gguf;

import dev.jacobian.transformer.plan.CheckpointNames;
import dev.jacobian.transformer.plan.Role;

/** What GGUF files call the tensors of a decoder, the same in all architectures but for a few. */
final class GgufNames {
    /** Factors by which rotary frequencies are divided: part of the description, not of the model. */
    static final String ROPE_FACTORS = "rope_freqs.weight";

    static final String LONG_FACTORS = "rope_factors_long.weight";
    static final String SHORT_FACTORS = "rope_factors_short.weight";

    static final CheckpointNames USUAL = CheckpointNames.LLAMA
            .named(Role.EMBEDDING, "token_embd")
            .named(Role.POSITION_EMBEDDING, "position_embd")
            .named(Role.ATTENTION_NORM, "blk.{}.attn_norm")
            .named(Role.QUERY, "blk.{}.attn_q")
            .named(Role.KEY, "blk.{}.attn_k")
            .named(Role.VALUE, "blk.{}.attn_v")
            .named(Role.OUTPUT, "blk.{}.attn_output")
            .named(Role.SINKS, "blk.{}.attn_sinks.weight")
            .named(Role.QUERY_NORM, "blk.{}.attn_q_norm")
            .named(Role.KEY_NORM, "blk.{}.attn_k_norm")
            .named(Role.ATTENTION_POST_NORM, "blk.{}.post_attention_norm")
            .named(Role.FEED_FORWARD_NORM, "blk.{}.ffn_norm")
            .named(Role.GATE, "blk.{}.ffn_gate")
            .named(Role.UP, "blk.{}.ffn_up")
            .named(Role.DOWN, "blk.{}.ffn_down")
            .named(Role.ROUTER, "blk.{}.ffn_gate_inp")
            .named(Role.EXPERT_GATE, "blk.{}.ffn_gate_exps.weight")
            .named(Role.EXPERT_UP, "blk.{}.ffn_up_exps.weight")
            .named(Role.EXPERT_DOWN, "blk.{}.ffn_down_exps.weight")
            .named(Role.SHARED_GATE, "blk.{}.ffn_gate_shexp")
            .named(Role.SHARED_UP, "blk.{}.ffn_up_shexp")
            .named(Role.SHARED_DOWN, "blk.{}.ffn_down_shexp")
            .named(Role.SHARED_WEIGHT, "blk.{}.ffn_gate_inp_shexp")
            .named(Role.FEED_FORWARD_POST_NORM, "blk.{}.post_ffw_norm")
            .named(Role.FINAL_NORM, "output_norm")
            .named(Role.HEAD, "output")
            .constants("." + ROPE_FACTORS, "." + LONG_FACTORS, "." + SHORT_FACTORS);

    /** Queries, keys and values below each other. */
    static final CheckpointNames FUSED_QKV = USUAL.fused("blk.{}.attn_qkv", Role.QUERY, Role.KEY, Role.VALUE);

    /** Gate and up below each other, under the name of up. */
    static final CheckpointNames FUSED_GATE = USUAL.fused("blk.{}.ffn_up", Role.GATE, Role.UP);

    /** Both. */
    static final CheckpointNames FUSED = FUSED_QKV.fused("blk.{}.ffn_up", Role.GATE, Role.UP);

    /** The norm before experts, which has the name that others give to the norm behind attention. */
    static final CheckpointNames GPT_OSS = USUAL.named(Role.FEED_FORWARD_NORM, "blk.{}.post_attention_norm");

    private GgufNames() {}

    /** The name in a file of what the rules of this house call otherwise. */
    static String inFile(String name) {
        return name.replace(".weight_bias", ".bias"); // biases of stacked experts
    }
}
