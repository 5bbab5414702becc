// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.run;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.Json;
import dev.jacobian.rl.config.SavingConfig;
import java.util.List;
import java.util.Map;
import java.util.function.BiFunction;

/**
 * What decides a run: what run.json says of it, and what a resumed run must agree with.
 *
 * @param format of run.json
 * @param algorithm name of the method
 * @param config all settings
 * @param seed key of all random numbers
 * @param saving checkpoints kept, and where metrics go
 * @param origin model and data
 * @param upToDate the settings in a run.json, of this format or of an earlier one, as they would be written now; its second
 *     argument is the file's name, for messages
 */
public record RunRecord(
        int format,
        String algorithm,
        ObjectNode config,
        long seed,
        SavingConfig saving,
        RunOrigin origin,
        BiFunction<JsonNode, String, ObjectNode> upToDate) {
    /** Settings that may change in the middle of a run: the bits are the same, or what they change is written down. */
    private static final List<String> MAY_CHANGE = List.of(
            "gradient_checkpointing",
            "kv_cache_gb",
            "kv_swap_gb",
            "log_completions",
            "max_inflight",
            "offload_optimizer",
            "offload_reference",
            "reward_timeout",
            "reward_error_budget",
            "reward_concurrency");

    /** Settings with numbers as a file has them, without those that may change. */
    public static ObjectNode comparable(ObjectNode config) {
        ObjectNode copy = (ObjectNode) Json.parse(Json.compact(config), "settings");
        copy.remove(MAY_CHANGE);
        return copy;
    }

    /** The first difference between two JSON values, in words. */
    public static String difference(JsonNode before, JsonNode now) {
        if (before.isObject() && now.isObject()) {
            for (Map.Entry<String, JsonNode> entry : now.properties()) {
                if (!entry.getValue().equals(before.path(entry.getKey()))) {
                    return entry.getKey() + " was " + before.path(entry.getKey()) + ", now " + entry.getValue();
                }
            }
        }
        return before + ", now " + now;
    }
}
