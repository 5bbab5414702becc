// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer.family;

import dev.jacobian.transformer.config.ConfigKeys;
import dev.jacobian.transformer.config.ExpertKeys;
import dev.jacobian.transformer.plan.Attention;
import dev.jacobian.transformer.plan.CheckpointNames;
import dev.jacobian.transformer.plan.DecoderPlan;
import dev.jacobian.transformer.plan.FeedForward;
import dev.jacobian.transformer.plan.LayerPlan;
import dev.jacobian.transformer.plan.Norm;
import dev.jacobian.transformer.plan.Residual;
import dev.jacobian.transformer.plan.Role;
import java.util.List;
import java.util.function.IntPredicate;

/** DeepSeek V3 and R1: latent attention, and experts by corrected sigmoids in groups after some dense layers. */
final class DeepSeek3 extends Family {
    /** Of the norms within attention, whatever the file's ε. */
    private static final Norm LATENT_NORM = new Norm.Rms(1e-6f);

    private static final CheckpointNames NAMES = CheckpointNames.LLAMA
            .named(Role.QUERY_LATENT, "model.layers.{}.self_attn.q_a_proj")
            .named(Role.QUERY_LATENT_NORM, "model.layers.{}.self_attn.q_a_layernorm")
            .fused("model.layers.{}.self_attn.kv_a_proj_with_mqa", Role.KEY_VALUE_LATENT, Role.KEY_ROTARY)
            .named(Role.KEY_VALUE_LATENT_NORM, "model.layers.{}.self_attn.kv_a_layernorm")
            .named(Role.ROUTER, "model.layers.{}.mlp.gate")
            .named(Role.ROUTER_CORRECTION, "model.layers.{}.mlp.gate.e_score_correction_bias")
            .named(Role.EXPERT_GATE, "model.layers.{}.mlp.experts.*.gate_proj")
            .named(Role.EXPERT_UP, "model.layers.{}.mlp.experts.*.up_proj")
            .named(Role.EXPERT_DOWN, "model.layers.{}.mlp.experts.*.down_proj")
            .named(Role.SHARED_GATE, "model.layers.{}.mlp.shared_experts.gate_proj")
            .named(Role.SHARED_UP, "model.layers.{}.mlp.shared_experts.up_proj")
            .named(Role.SHARED_DOWN, "model.layers.{}.mlp.shared_experts.down_proj");

    DeepSeek3() {
        super("deepseek_v3", "DeepseekV3ForCausalLM", "DeepSeek-AI, 2024, arXiv:2412.19437");
    }

    @Override
    public DecoderPlan plan(ConfigKeys config) {
        config.unused("aux_loss_alpha", "seq_aux", "ep_size", "num_nextn_predict_layers"); // of training alone
        Norm norm = config.rmsNorm();
        Attention.Latent attention = config.latentAttention(LATENT_NORM);
        ExpertKeys keys = config.experts();
        FeedForward experts = keys.ofOwnSize(keys.sigmoid()).shared(keys.sharedExperts());
        FeedForward dense = config.gated();
        IntPredicate sparse = keys.layersFromFirst();
        String queries = attention.queryRank() > 0 ? "q_b_proj" : "q_proj";
        int plain = attention.plainDim();
        CheckpointNames names = NAMES.inTurns(
                        "model.layers.{}.self_attn." + queries,
                        List.of(Role.QUERY_PLAIN, Role.QUERY_ROTARY),
                        List.of(plain, attention.rotary().dimensions()))
                .inTurns(
                        "model.layers.{}.self_attn.kv_b_proj",
                        List.of(Role.KEY_PLAIN, Role.VALUE),
                        List.of(plain, attention.valueDim()));
        List<LayerPlan> layers = config.layers(
                layer -> new LayerPlan(Residual.PRE, norm, attention, sparse.test(layer) ? experts : dense));
        // a layer that predicts one token more may follow
        return new DecoderPlan(
                config.embedding(), layers, norm, config.head(), names.beside("model.layers." + layers.size() + "."));
    }
}
