// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer.config;

import com.fasterxml.jackson.databind.JsonNode;
import dev.jacobian.io.FormatException;
import dev.jacobian.io.JsonFields;
import dev.jacobian.transformer.plan.FeedForward.Experts;
import dev.jacobian.transformer.plan.Router;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;
import java.util.function.IntPredicate;

/**
 * The keys of a config.json about experts. The number of experts goes by two or three names, which transformers takes for the
 * same; where several are given they must agree.
 */
public final class ExpertKeys {
    private static final int MAX_EXPERTS = 1 << 12;

    private final ConfigKeys keys;
    private final JsonFields fields;

    ExpertKeys(ConfigKeys keys, JsonFields fields) {
        this.keys = keys;
        this.fields = fields;
        requireBalance(fields);
    }

    /** The loss that training adds: wanted if {@code output_router_logits} is true, and then how much of it must be said. */
    private static void requireBalance(JsonFields fields) {
        if (fields.bool("output_router_logits", false) && !fields.has("router_aux_loss_coef")) {
            throw new FormatException(
                    fields.where(),
                    "output_router_logits is true, which asks for a load-balancing loss, but 'router_aux_loss_coef' is"
                            + " missing",
                    "Add it (0.001 is usual), or set output_router_logits to false");
        }
        double coefficient = fields.number("router_aux_loss_coef", 0);
        if (!(coefficient >= 0 && coefficient < Float.MAX_VALUE)) {
            throw new FormatException(
                    fields.where(), "router_aux_loss_coef is " + coefficient, "Give 0 or more, 0.001 for example");
        }
    }

    /** Experts of {@code intermediate_size}: {@code num_local_experts} of which {@code num_experts_per_tok} are chosen. */
    public Experts ofFeedForwardSize(Router router) {
        return of(router, "intermediate_size");
    }

    /** Experts of {@code moe_intermediate_size}. */
    public Experts ofOwnSize(Router router) {
        return of(router, "moe_intermediate_size");
    }

    private Experts of(Router router, String size) {
        int count = count();
        int k = router.perToken();
        if (k > count) {
            throw new FormatException(
                    fields.where(), "num_experts_per_tok is " + k + " of " + count + " experts", "Correct the file");
        }
        return Experts.of(count, router, keys.positive(size, ConfigKeys.MAX_MLP_WIDTH));
    }

    /** A softmax over all experts, of which {@code num_experts_per_tok} are chosen. */
    public Router softmax(boolean normalized) {
        return new Router.Softmax(perToken(), normalized, false);
    }

    /** The same over the logits of the chosen alone, which have a bias. */
    public Router biasedSoftmax() {
        return new Router.Softmax(perToken(), true, true);
    }

    /** The same with weights that add up to 1 if {@code norm_topk_prob} says so. */
    public Router softmaxAsGiven() {
        return softmax(keys.flag("norm_topk_prob"));
    }

    /**
     * Corrected sigmoids: {@code n_group}, {@code topk_group}, {@code norm_topk_prob} (true if absent) and {@code
     * routed_scaling_factor}.
     */
    public Router sigmoid() {
        keys.only("scoring_func", "\"sigmoid\"");
        keys.only("topk_method", "\"noaux_tc\"");
        int experts = count();
        int groups = keys.positive("n_group", MAX_EXPERTS);
        int kept = keys.positive("topk_group", MAX_EXPERTS);
        int k = perToken();
        if (experts % groups != 0 || kept > groups || kept < groups && experts / groups < 2) {
            throw new FormatException(
                    fields.where(),
                    experts + " experts do not divide into n_group " + groups
                            + " groups of two or more, of which topk_group " + kept + " are kept",
                    "Correct the file");
        }
        float scale = (float)
                ConfigKeys.requirePositive(fields, "routed_scaling_factor", fields.number("routed_scaling_factor"));
        return new Router.Sigmoid(k, keys.flag("norm_topk_prob", true), scale, groups, kept);
    }

    /** {@code n_shared_experts} experts for every token, which are one feed-forward of as many times the size; none if 0 or absent. */
    public Optional<Experts.Shared> sharedExperts() {
        int count = fields.integer("n_shared_experts", 0);
        if (count < 0 || count > MAX_EXPERTS) {
            throw new FormatException(fields.where(), "n_shared_experts is " + count, "Give a number of experts, or 0");
        }
        int inner = keys.positive("moe_intermediate_size", ConfigKeys.MAX_MLP_WIDTH);
        return count == 0 ? Optional.empty() : Optional.of(new Experts.Shared(Math.multiplyExact(count, inner), false));
    }

    /** Layers from {@code first_k_dense_replace} on have experts. */
    public IntPredicate layersFromFirst() {
        keys.only("moe_layer_freq", "1");
        int first = fields.integer("first_k_dense_replace");
        if (first < 0) {
            throw new FormatException(fields.where(), "first_k_dense_replace is " + first, "Give 0 or more");
        }
        return layer -> layer >= first;
    }

    /** A feed-forward of a size of its own beside the experts, times a sigmoid. */
    public Experts.Shared gatedShared(String size) {
        return new Experts.Shared(keys.positive(size, ConfigKeys.MAX_MLP_WIDTH), true);
    }

    private int perToken() {
        return alike("num_experts_per_tok", "experts_per_token");
    }

    private int count() {
        return alike("num_local_experts", "num_experts", "n_routed_experts");
    }

    /** A size that goes by several names. */
    private int alike(String... names) {
        String found = "";
        int value = 0;
        for (String name : names) {
            if (!fields.has(name)) {
                continue;
            }
            int own = keys.positive(name, MAX_EXPERTS);
            if (!found.isEmpty() && own != value) {
                throw new FormatException(
                        fields.where(),
                        "'" + found + "' is " + value + " but '" + name + "' is " + own,
                        "They mean the same; remove the wrong one");
            }
            found = name;
            value = own;
        }
        if (found.isEmpty()) {
            throw new FormatException(
                    fields.where(), "the field '" + String.join("' or '", names) + "' is missing", "Add it");
        }
        return value;
    }

    /**
     * Which layers have experts: every {@code decoder_sparse_step}th but those of {@code mlp_only_layers}.
     */
    public IntPredicate layersByStep() {
        int step = fields.integer("decoder_sparse_step", 1);
        if (step < 1) {
            throw new FormatException(
                    fields.where(), "decoder_sparse_step is " + step, "Give 1 for experts in every layer, or more");
        }
        Set<Integer> dense = new HashSet<>();
        fields.find("mlp_only_layers").ifPresent(list -> {
            for (JsonNode layer : fields.array("mlp_only_layers")) {
                if (!layer.isInt() || layer.intValue() < 0) {
                    throw new FormatException(
                            fields.where(), "mlp_only_layers has " + layer + ", which is no layer", "Correct it");
                }
                dense.add(layer.intValue());
            }
        });
        return layer -> (layer + 1) % step == 0 && !dense.contains(layer);
    }
}
