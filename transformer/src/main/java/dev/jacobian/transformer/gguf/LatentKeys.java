// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer.gguf;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.gguf.GgufWriter;
import dev.jacobian.transformer.config.DecoderConfig;
import dev.jacobian.transformer.plan.Attention;
import dev.jacobian.transformer.plan.DecoderPlan;
import dev.jacobian.transformer.plan.FeedForward;
import dev.jacobian.transformer.plan.Router;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The keys of deepseek2: latent attention, experts behind dense layers, and a scale of scores that belongs to YaRN.
 *
 * <p>What it calls heads of keys and values is how llama.cpp computes: one head, as long as what is projected down; the real lengths
 * have keys that end in {@code _mla}. Older files have the real lengths alone.
 */
final class LatentKeys {
    private static final String LOG_MULTIPLIER = "rope.scaling.yarn_log_multiplier";
    private static final String GATING = "expert_gating_func";
    private static final int SIGMOID = 2;

    /** What norms within attention add in DeepSeek's own code, whatever config.json says of the others. */
    private static final float LATENT_EPSILON = 1e-6f;

    /** DeepSeek V3's experts, and its groups, which older files do not mention. */
    private static final int GROUPED_EXPERTS = 256;

    private static final int GROUPS = 8;
    private static final int KEPT_GROUPS = 4;

    private LatentKeys() {}

    /**
     * Reads the sizes of heads and projections.
     *
     * @return elements of a head that are rotated
     */
    static int readAttention(GgufKeys keys, ObjectNode config, int heads) {
        int rotated = keys.requireSize("rope.dimension_count");
        int rank = keys.requireSize("attention.kv_lora_rank");
        boolean absorbed = keys.has("attention.key_length_mla");
        String keyLength = absorbed ? "attention.key_length_mla" : "attention.key_length";
        int keyDim = keys.requireSize(keyLength);
        if (absorbed) {
            require(keys, "attention.key_length", (long) rank + rotated);
            require(keys, "attention.value_length", rank);
        }
        require(keys, "attention.head_count_kv", absorbed ? 1 : heads);
        if (keyDim <= rotated) {
            throw keys.bad(keyLength, "it is " + keyDim + ", and " + rotated + " elements of a head are rotated");
        }
        config.put("num_key_value_heads", heads);
        keys.size("attention.q_lora_rank")
                .ifPresentOrElse(size -> config.put("q_lora_rank", size), () -> config.putNull("q_lora_rank"));
        config.put("kv_lora_rank", rank);
        config.put("qk_nope_head_dim", keyDim - rotated);
        config.put("qk_rope_head_dim", rotated);
        config.put("v_head_dim", keys.requireSize(absorbed ? "attention.value_length_mla" : "attention.value_length"));
        return rotated;
    }

    /** A size that follows from others, if the file has it. */
    private static void require(GgufKeys keys, String key, long value) {
        keys.size(key).filter(size -> size != value).ifPresent(size -> {
            throw keys.bad(key, "it is " + size + ", other keys make it " + value);
        });
    }

    /** Reads which experts there are and how they are chosen. */
    static void readExperts(GgufKeys keys, ObjectNode config) {
        int gating = keys.size(GATING).orElse(1); // a softmax where nothing is said
        if (gating != SIGMOID) {
            throw keys.bad(
                    GATING,
                    "it is " + gating + ", no sigmoids: this is DeepSeek V2 or a relative, and of this architecture"
                            + " V3 is computed here");
        }
        int count = keys.requireSize("expert_count");
        boolean grouped = count == GROUPED_EXPERTS;
        config.put("n_routed_experts", count);
        config.put("num_experts_per_tok", keys.requireSize("expert_used_count"));
        config.put("n_shared_experts", keys.size("expert_shared_count").orElse(0));
        config.put("moe_intermediate_size", keys.requireSize("expert_feed_forward_length"));
        config.put(
                "first_k_dense_replace", keys.size("leading_dense_block_count").orElse(0));
        config.put("norm_topk_prob", keys.flag("expert_weights_norm").orElse(false));
        config.put("routed_scaling_factor", keys.number("expert_weights_scale").orElse(1.0));
        config.put("n_group", keys.size("expert_group_count").orElse(grouped ? GROUPS : 1));
        config.put("topk_group", keys.size("expert_group_used_count").orElse(grouped ? KEPT_GROUPS : 1));
    }

    /** Reads what YaRN does to scores; it leaves the length of what is rotated as it is. */
    static void readYarn(GgufKeys keys, ObjectNode yarn) {
        double tenth = keys.number(LOG_MULTIPLIER)
                .orElseThrow(() -> keys.bad(LOG_MULTIPLIER, "the key is missing, without which scores have no scale"));
        double allDim = BigDecimal.valueOf(tenth).movePointRight(1).doubleValue(); // stored as a tenth of it
        yarn.put("mscale", allDim).put("mscale_all_dim", allDim);
        if (keys.number("rope.scaling.attn_factor").orElse(1.0) != 1) {
            throw keys.bad("rope.scaling.attn_factor", "only 1 is computed here");
        }
    }

    /** Puts all of it. */
    static void put(GgufWriter out, String prefix, DecoderConfig config, Attention.Latent attention) {
        DecoderPlan plan = config.plan();
        int rotated = attention.rotary().dimensions();
        out.put(prefix + "attention.head_count", attention.heads());
        out.put(prefix + "attention.head_count_kv", 1);
        out.put(prefix + "attention.key_length", attention.keyValueRank() + rotated);
        out.put(prefix + "attention.value_length", attention.keyValueRank());
        out.put(prefix + "attention.key_length_mla", attention.keyDim());
        out.put(prefix + "attention.value_length_mla", attention.valueDim());
        out.put(prefix + "attention.kv_lora_rank", attention.keyValueRank());
        if (attention.queryRank() > 0) {
            out.put(prefix + "attention.q_lora_rank", attention.queryRank());
        }
        allDim(config).ifPresent(factor -> out.put(prefix + LOG_MULTIPLIER, (float) (0.1 * factor)));
        int dense = 0;
        while (dense < plan.layers().size()
                && !(plan.layers().get(dense).feedForward() instanceof FeedForward.Experts)) {
            dense++;
        }
        out.put(prefix + "leading_dense_block_count", dense);
        if (dense < plan.layers().size()
                && plan.layers().get(dense).feedForward() instanceof FeedForward.Experts experts
                && experts.router() instanceof Router.Sigmoid router) {
            out.put(
                    prefix + "expert_shared_count",
                    experts.shared()
                            .map(shared -> shared.inner() / experts.inner())
                            .orElse(0));
            out.put(prefix + GATING, SIGMOID);
            out.put(prefix + "expert_weights_norm", router.normalized());
            out.put(prefix + "expert_weights_scale", router.scale());
            out.put(prefix + "expert_group_count", router.groups());
            out.put(prefix + "expert_group_used_count", router.keptGroups());
        }
    }

    /** Of YaRN, how much of it scores get; a file has no word for what the length of rotated elements might get. */
    private static Optional<Double> allDim(DecoderConfig config) {
        for (String dictionary : List.of("rope_parameters", "rope_scaling")) {
            double factor =
                    config.source().path(dictionary).path("mscale_all_dim").asDouble(0);
            if (factor != 0) {
                return Optional.of(factor);
            }
        }
        return Optional.empty();
    }

    /** What llama.cpp does otherwise. */
    static List<String> remarks(DecoderPlan plan, Attention.Latent attention) {
        List<String> remarks = new ArrayList<>();
        if (plan.finalNorm().epsilon() != LATENT_EPSILON) {
            remarks.add("llama.cpp adds " + plan.finalNorm().epsilon()
                    + " within the norms of latent attention too, where" + " the model adds " + LATENT_EPSILON);
        }
        boolean lite = plan.layers().size() == 26 || plan.layers().size() == 27;
        if (lite == attention.queryRank() > 0) {
            remarks.add(
                    "llama.cpp takes queries that are projected at once for granted in models of 26 and 27 layers, and"
                            + " in no others; it will not load this one");
        }
        return remarks;
    }
}
