// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer.family;

import dev.jacobian.transformer.config.ConfigKeys;
import dev.jacobian.transformer.config.ExpertKeys;
import dev.jacobian.transformer.plan.Attention;
import dev.jacobian.transformer.plan.CheckpointNames;
import dev.jacobian.transformer.plan.DecoderPlan;
import dev.jacobian.transformer.plan.FeedForward;
import dev.jacobian.transformer.plan.HeadNorm;
import dev.jacobian.transformer.plan.LayerPlan;
import dev.jacobian.transformer.plan.Mixer;
import dev.jacobian.transformer.plan.Norm;
import dev.jacobian.transformer.plan.Positions;
import dev.jacobian.transformer.plan.Recurrence.GatedDeltaNet;
import dev.jacobian.transformer.plan.Residual;
import dev.jacobian.transformer.plan.Role;
import java.util.List;
import java.util.function.IntPredicate;

/** Qwen 3-Next: gated delta nets, gated attention in every fourth layer, and experts. */
final class Qwen3Next extends Family {
    private static final int HEAD_DIM = 256;
    private static final int ATTENTION_EVERY = 4;
    private static final String LINEAR = "model.layers.{}.linear_attn.";

    Qwen3Next() {
        super("qwen3_next", "Qwen3NextForCausalLM", "https://huggingface.co/Qwen/Qwen3-Next-80B-A3B-Instruct");
    }

    @Override
    public DecoderPlan plan(ConfigKeys config) {
        config.only("use_sliding_window", "false");
        Norm norm = norm(config);
        List<Mixer> mixers = mixers(config, norm);
        ExpertKeys keys = config.experts();
        FeedForward experts = keys.ofOwnSize(keys.softmax(config.flag("norm_topk_prob", true)))
                .shared(keys.gatedShared("shared_expert_intermediate_size"));
        FeedForward dense = config.gated();
        IntPredicate sparse = keys.layersByStep();
        return new DecoderPlan(
                config.embedding(),
                config.layers(layer ->
                        new LayerPlan(Residual.PRE, norm, mixers.get(layer), sparse.test(layer) ? experts : dense)),
                norm,
                config.head(),
                names(config));
    }

    /** All norms but that of the delta net multiply by 1 + w. */
    static Norm norm(ConfigKeys config) {
        return config.rmsNorm().onePlusWeight();
    }

    /** Delta nets, and gated attention in every fourth layer unless the file says otherwise. */
    static List<Mixer> mixers(ConfigKeys config, Norm norm) {
        config.only("attn_output_gate", "true");
        config.unused("mamba_ssm_dtype", "mtp_num_hidden_layers", "mtp_use_dedicated_embeddings");
        Mixer attention = new Attention.Gated(config.attention(HEAD_DIM, headDim -> rotary(config, headDim))
                .headNorm(new HeadNorm.PerHead(norm))
                .biases(config.biases("attention_bias")));
        Mixer net = config.gatedDeltaNet();
        int every = config.positive("full_attention_interval", 1 << 12, ATTENTION_EVERY);
        List<String> types = config.layerTypes(
                layer -> (layer + 1) % every == 0 ? "full_attention" : "linear_attention",
                "linear_attention",
                "full_attention");
        return types.stream()
                .map(type -> type.equals("full_attention") ? attention : net)
                .toList();
    }

    /** A quarter of each head; text has one position where images have three, so sections mean nothing here. */
    private static Positions rotary(ConfigKeys config, int headDim) {
        return config.partialRotary(headDim, 0.25, 10_000, "mrope_section", "mrope_interleaved");
    }

    /** Projections of the delta net lie key head by key head. */
    private static CheckpointNames names(ConfigKeys config) {
        GatedDeltaNet net = config.gatedDeltaNet();
        int values = net.heads() / net.keyHeads(); // of a key head
        int width = values * net.valueDim();
        return gatedQueries(config)
                .inTurns(
                        LINEAR + "in_proj_qkvz",
                        List.of(Role.DELTA_QUERY, Role.DELTA_KEY, Role.DELTA_VALUE, Role.DELTA_GATE),
                        List.of(net.keyDim(), net.keyDim(), width, width))
                .inTurns(
                        LINEAR + "in_proj_ba", List.of(Role.DELTA_STRENGTH, Role.DELTA_DECAY), List.of(values, values));
    }

    /** The names that Qwen 3.5 has too: queries and their gates lie head by head. */
    static CheckpointNames gatedQueries(ConfigKeys config) {
        int headDim = config.attention(HEAD_DIM, heads -> rotary(config, heads)).headDim();
        return Qwen3Moe.NAMES
                .beside("mtp.")
                .interleaved("model.layers.{}.self_attn.q_proj", headDim, Role.QUERY, Role.OUTPUT_GATE)
                .fused(LINEAR + "conv1d", Role.DELTA_QUERY_TAPS, Role.DELTA_KEY_TAPS, Role.DELTA_VALUE_TAPS)
                .named(Role.DELTA_LOG_RATE, LINEAR + "A_log")
                .named(Role.DELTA_DECAY_BIAS, LINEAR + "dt_bias")
                .named(Role.DELTA_NORM, LINEAR + "norm")
                .named(Role.DELTA_OUTPUT, LINEAR + "out_proj");
    }
}
