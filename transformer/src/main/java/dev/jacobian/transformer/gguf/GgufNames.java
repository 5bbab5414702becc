// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer.gguf;

import dev.jacobian.transformer.plan.Attention;
import dev.jacobian.transformer.plan.CheckpointNames;
import dev.jacobian.transformer.plan.DecoderPlan;
import dev.jacobian.transformer.plan.LayerPlan;
import dev.jacobian.transformer.plan.Mixer;
import dev.jacobian.transformer.plan.Recurrence.GatedDeltaNet;
import dev.jacobian.transformer.plan.Role;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;

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

    private static final CheckpointNames CONVOLUTIONS = USUAL.fused(
                    "blk.{}.shortconv.in_proj",
                    Role.CONVOLUTION_IN_GATE,
                    Role.CONVOLUTION_OUT_GATE,
                    Role.CONVOLUTION_INPUT)
            .named(Role.CONVOLUTION_TAPS, "blk.{}.shortconv.conv")
            .named(Role.CONVOLUTION_OUTPUT, "blk.{}.shortconv.out_proj")
            .named(Role.FINAL_NORM, "token_embd_norm");

    private static final CheckpointNames LATENT = USUAL.named(Role.QUERY_LATENT, "blk.{}.attn_q_a")
            .named(Role.QUERY_LATENT_NORM, "blk.{}.attn_q_a_norm")
            .fused("blk.{}.attn_kv_a_mqa", Role.KEY_VALUE_LATENT, Role.KEY_ROTARY)
            .named(Role.KEY_VALUE_LATENT_NORM, "blk.{}.attn_kv_a_norm")
            .named(Role.KEY_PLAIN, "blk.{}.attn_k_b")
            .named(Role.VALUE, "blk.{}.attn_v_b")
            .named(Role.ROUTER_CORRECTION, "blk.{}.exp_probs_b.bias");

    /** Keys and values projected up by one tensor, as deepseek2 had them at first. */
    static final String OLD_LATENT = "attn_kv_b";

    private static final CheckpointNames DELTA_NET = USUAL.fused(
                    "blk.{}.attn_qkv", Role.DELTA_QUERY, Role.DELTA_KEY, Role.DELTA_VALUE)
            .named(Role.DELTA_GATE, "blk.{}.attn_gate")
            .fused("blk.{}.ssm_conv1d", Role.DELTA_QUERY_TAPS, Role.DELTA_KEY_TAPS, Role.DELTA_VALUE_TAPS)
            .named(Role.DELTA_STRENGTH, "blk.{}.ssm_beta")
            .named(Role.DELTA_DECAY, "blk.{}.ssm_alpha")
            .named(Role.DELTA_DECAY_BIAS, "blk.{}.ssm_dt.bias")
            .named(Role.DELTA_LOG_RATE, "blk.{}.ssm_a")
            .named(Role.DELTA_NORM, "blk.{}.ssm_norm")
            .named(Role.DELTA_OUTPUT, "blk.{}.ssm_out")
            .named(Role.FEED_FORWARD_NORM, "blk.{}.post_attention_norm");

    /** Queries, keys, values and gates of the delta net as the checkpoint has them, as qwen3next had them at first. */
    private static final String OLD_DELTA_NET = "blk.{}.ssm_in";

    private GgufNames() {}

    /**
     * The names of the tensors of a file: in some architectures they depend on sizes of the model, and on how old the file is.
     *
     * @param has whether the file has a tensor
     */
    static CheckpointNames of(GgufArchitecture architecture, DecoderPlan plan, Predicate<String> has) {
        return switch (architecture.family()) {
            case "deepseek_v3" ->
                mixer(plan, Attention.Latent.class)
                        .map(latent -> latent(latent, has))
                        .orElse(LATENT);
            case "qwen3_next", "qwen3_5_text" -> deltaNet(architecture, plan, has);
            case "lfm2" -> CONVOLUTIONS;
            default -> architecture.names();
        };
    }

    private static <M extends Mixer> Optional<M> mixer(DecoderPlan plan, Class<M> form) {
        return plan.layers().stream()
                .map(LayerPlan::mixer)
                .filter(form::isInstance)
                .map(form::cast)
                .findFirst();
    }

    private static CheckpointNames latent(Attention.Latent latent, Predicate<String> has) {
        CheckpointNames names = LATENT.inTurns(
                latent.queryRank() > 0 ? "blk.{}.attn_q_b" : "blk.{}.attn_q",
                List.of(Role.QUERY_PLAIN, Role.QUERY_ROTARY),
                List.of(latent.plainDim(), latent.rotary().dimensions()));
        return has.test("blk.0." + OLD_LATENT + ".weight")
                ? names.inTurns(
                        "blk.{}." + OLD_LATENT,
                        List.of(Role.KEY_PLAIN, Role.VALUE),
                        List.of(latent.plainDim(), latent.valueDim()))
                : names;
    }

    private static CheckpointNames deltaNet(GgufArchitecture architecture, DecoderPlan plan, Predicate<String> has) {
        CheckpointNames names = mixer(plan, Attention.Gated.class)
                .map(gated ->
                        DELTA_NET.interleaved("blk.{}.attn_q", gated.grouped().headDim(), Role.QUERY, Role.OUTPUT_GATE))
                .orElse(DELTA_NET);
        Optional<GatedDeltaNet> found = mixer(plan, GatedDeltaNet.class);
        if (found.isEmpty() || !architecture.family().equals("qwen3_next")) {
            return names;
        }
        GatedDeltaNet net = found.get();
        int shared = net.heads() / net.keyHeads();
        int width = shared * net.valueDim();
        CheckpointNames own =
                names.inTurns("blk.{}.ssm_ba", List.of(Role.DELTA_STRENGTH, Role.DELTA_DECAY), List.of(shared, shared));
        return has.test(OLD_DELTA_NET.replace("{}", "0") + ".weight")
                ? own.inTurns(
                        OLD_DELTA_NET,
                        List.of(Role.DELTA_QUERY, Role.DELTA_KEY, Role.DELTA_VALUE, Role.DELTA_GATE),
                        List.of(net.keyDim(), net.keyDim(), width, width))
                : own;
    }

    /** The name in a file of what the rules of this house call otherwise. */
    static String inFile(String name) {
        return name.replace(".weight_bias", ".bias"); // biases of stacked experts
    }
}
