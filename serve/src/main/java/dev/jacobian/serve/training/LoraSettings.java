// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.serve.training;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.Json;
import dev.jacobian.serve.http.RequestFields;
import dev.jacobian.serve.http.WebException;
import dev.jacobian.transformer.lora.AdapterSource;
import dev.jacobian.transformer.lora.LoraConfig;
import dev.jacobian.transformer.lora.LoraConfigReader;
import dev.jacobian.transformer.lora.LoraTarget;
import dev.jacobian.transformer.plan.Role;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/**
 * What a client says of the adapter that it trains: Tinker's {@code lora_config}.
 *
 * <p>Decision: the protocol has no alpha. It is 32, as in Tinker's own service, so that a learning rate means the same here.
 *
 * @param rank rows of A
 * @param seed of the weights that it begins with; or the service's
 * @param trainUnembed whether the head is changed
 * @param trainMlp whether feed-forward layers are
 * @param trainAttn whether attention, and what else mixes positions, is
 */
record LoraSettings(int rank, Optional<Long> seed, boolean trainUnembed, boolean trainMlp, boolean trainAttn) {
    static final double ALPHA = 32;
    private static final int USUAL_RANK = 32;
    private static final Set<Role> FEED_FORWARD = EnumSet.of(
            Role.GATE,
            Role.UP,
            Role.DOWN,
            Role.EXPERT_GATE,
            Role.EXPERT_UP,
            Role.EXPERT_DOWN,
            Role.SHARED_GATE,
            Role.SHARED_UP,
            Role.SHARED_DOWN,
            Role.SHARED_WEIGHT);

    static LoraSettings read(RequestFields request, int maxRank) {
        Optional<RequestFields> fields = request.object("lora_config");
        if (fields.isEmpty()) {
            return new LoraSettings(Math.min(USUAL_RANK, maxRank), Optional.empty(), true, true, true);
        }
        RequestFields lora = fields.get();
        int rank = lora.integer("rank", 1, maxRank).orElse(Math.min(USUAL_RANK, maxRank));
        boolean attention = lora.bool("train_attn", true);
        boolean mlp = lora.bool("train_mlp", true);
        boolean head = lora.bool("train_unembed", true);
        Optional<Long> seed = lora.longInteger("seed");
        lora.ignore(JsonForm.UNTOLD).refuseOthers();
        if (!attention && !mlp && !head) {
            throw WebException.invalid(
                    "lora_config",
                    "lora_config trains nothing; leave one of train_attn, train_mlp, train_unembed true");
        }
        return new LoraSettings(rank, seed, head, mlp, attention);
    }

    /** Those of a checkpoint. */
    static LoraSettings of(JsonNode saved) {
        return new LoraSettings(
                saved.path("lora_rank").intValue(),
                Optional.empty(),
                saved.path("train_unembed").asBoolean(true),
                saved.path("train_mlp").asBoolean(true),
                saved.path("train_attn").asBoolean(true));
    }

    /** Writes them under the protocol's names. */
    ObjectNode put(ObjectNode json) {
        return json.put("is_lora", true)
                .put("lora_rank", rank)
                .put("train_unembed", trainUnembed)
                .put("train_mlp", trainMlp)
                .put("train_attn", trainAttn);
    }

    /**
     * A fresh adapter.
     *
     * @param linear all linear layers of the model
     * @param head the path of the head
     */
    AdapterSource fresh(List<LoraTarget> linear, String head, long usualSeed) {
        ObjectNode json = Json.object().put("r", rank).put("lora_alpha", ALPHA);
        ArrayNode modules = json.putArray("target_modules");
        TreeSet<String> names = new TreeSet<>();
        for (LoraTarget target : linear) {
            if (isTrained(target)) {
                names.add(name(target, linear));
            }
        }
        if (trainUnembed) {
            names.add(head);
        }
        names.forEach(modules::add);
        LoraConfig config = LoraConfigReader.parse(json, "lora_config");
        return new AdapterSource.Fresh(config, seed.orElse(usualSeed));
    }

    private boolean isTrained(LoraTarget target) {
        return FEED_FORWARD.contains(target.base().role()) ? trainMlp : trainAttn;
    }

    /** The end of its path that means it and nothing that is not trained: PEFT's files have ends where they can. */
    private String name(LoraTarget target, List<LoraTarget> linear) {
        String[] parts = target.module().split("\\.");
        String end = parts[parts.length - 1];
        for (int at = parts.length - 2; at >= 0; at--) {
            String tried = end;
            boolean clear = linear.stream()
                    .filter(other -> !isTrained(other))
                    .noneMatch(other -> other.module().endsWith("." + tried));
            if (clear) {
                return end;
            }
            end = parts[at] + "." + end;
        }
        return target.module();
    }
}
