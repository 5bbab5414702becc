// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer.lora;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.Json;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * Writes adapter_config.json as PEFT does: all keys that PEFT 0.21 has, sorted. What was read is written back as it was read.
 */
public final class LoraConfigWriter {
    /** What PEFT's LoraConfig has where nobody says otherwise. */
    private static final String DEFAULTS = """
        {"alora_invocation_tokens": null, "alpha_pattern": {}, "arrow_config": null, "auto_mapping": null,
         "base_model_name_or_path": null, "bias": "none", "corda_config": null, "ensure_weight_tying": false,
         "eva_config": null, "exclude_modules": null, "fan_in_fan_out": false, "inference_mode": true,
         "init_lora_weights": true, "kasa_config": null, "layer_replication": null, "layers_pattern": null,
         "layers_to_transform": null, "loftq_config": {}, "lora_alpha": 8, "lora_bias": false, "lora_dropout": 0.0,
         "lora_ga_config": null, "megatron_config": null, "megatron_core": "megatron.core",
         "modules_to_save": null, "monteclora_config": null, "peft_type": "LORA", "peft_version": "0.21.0",
         "qalora_group_size": 16, "r": 8, "rank_pattern": {}, "revision": null, "target_modules": null,
         "target_parameters": null, "task_type": "CAUSAL_LM", "trainable_token_indices": null, "use_bdlora": null,
         "use_dora": false, "use_qalora": false, "use_rslora": false, "velora_config": null}
        """;

    private LoraConfigWriter() {}

    /**
     * The file's content.
     *
     * @param base name of the model that the adapter belongs to, where the configuration says none
     */
    public static ObjectNode write(LoraPlan plan, Optional<String> base) {
        ObjectNode json = (ObjectNode) Json.parse(DEFAULTS, "the defaults of PEFT");
        plan.config().source().properties().forEach(field -> {
            if (!field.getValue().isNull()) {
                json.set(field.getKey(), field.getValue());
            }
        });
        if (!json.hasNonNull("target_modules")) {
            plan.names().forEach(json.putArray("target_modules")::add);
        }
        if (!json.hasNonNull("base_model_name_or_path")) {
            base.ifPresent(name -> json.put("base_model_name_or_path", name));
        }
        json.put("inference_mode", true);
        json.put(
                "fan_in_fan_out", plan.hasLying() || json.path("fan_in_fan_out").asBoolean());
        Map<String, JsonNode> sorted = new TreeMap<>();
        json.properties().forEach(field -> sorted.put(field.getKey(), field.getValue()));
        ObjectNode written = Json.object();
        written.setAll(sorted);
        return written;
    }
}
