// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer.generation;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.FormatException;
import dev.jacobian.io.Json;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Settings of generation in two layers: a model's own recommendations, and what a user asks for, which wins.
 *
 * <p>Decisions: what a user sets and nothing heeds is an error, because it shows that something else was meant; a recommendation
 * that nothing heeds, such as a temperature where the user asks for greedy decoding, is left out. Training never
 * reads a model's recommendations.
 *
 * <pre>{@code
 * GenerationConfig config = new GenerationSettings()
 *         .recommended(model.generationDefaults(), "generation_config.json")
 *         .set("temperature", JsonNodeFactory.instance.numberNode(0.5), "--temperature")
 *         .apply(GenerationConfig.builder().seed(1))
 *         .build();
 * }</pre>
 */
public final class GenerationSettings {
    /** What only sampling heeds. */
    private static final Set<String> OF_SAMPLING =
            Set.of("temperature", "top_h", "top_k", "top_p", "min_p", "typical_p", "epsilon_cutoff", "eta_cutoff");

    /** What only beam search heeds. */
    private static final Set<String> OF_BEAMS = Set.of("length_penalty", "early_stopping");

    private record Value(JsonNode json, String origin) {}

    private final Map<String, Value> recommended = new LinkedHashMap<>();
    private final Map<String, Value> asked = new LinkedHashMap<>();

    /**
     * Takes the settings of a model's {@code generation_config.json}.
     *
     * @throws FormatException if it is no object, or has a key that is unknown or not supported
     */
    public GenerationSettings recommended(JsonNode json, String where) {
        if (json.isMissingNode()) {
            return this;
        }
        if (!(json instanceof ObjectNode object)) {
            throw new FormatException(where, "must hold one JSON object", "Correct the file");
        }
        object.properties().forEach(entry -> put(recommended, entry.getKey(), entry.getValue(), where));
        recommended.remove("eos_token_id"); // the model's own end tokens already
        return this;
    }

    /** Leaves out what a model recommends and the caller does not heed. */
    public GenerationSettings withoutRecommended(Set<String> keys) {
        recommended.keySet().removeAll(keys);
        return this;
    }

    /**
     * Takes one setting that a user asks for; a later one of the same key wins.
     *
     * @throws FormatException if the key is unknown or not supported, or its value is of another type
     */
    public GenerationSettings set(String key, JsonNode value, String origin) {
        put(asked, key, value, origin);
        return this;
    }

    private static void put(Map<String, Value> layer, String key, JsonNode value, String origin) {
        if (GenerationKeys.set(GenerationConfig.builder(), key, value, origin)) {
            layer.put(key, new Value(value, origin));
        }
    }

    /** Whether a user asks for a value of a key. */
    public boolean asks(String key) {
        return asked.containsKey(key);
    }

    /** Whether a key is set in either layer. */
    public boolean has(String key) {
        return asked.containsKey(key) || recommended.containsKey(key);
    }

    /** What the model recommends and applies, {@code key value, key value}; empty if nothing does. */
    public String recommendations() {
        return effective().entrySet().stream()
                .filter(entry -> !asked.containsKey(entry.getKey()))
                .map(entry -> entry.getKey() + " " + Json.compact(entry.getValue().json))
                .collect(Collectors.joining(", "));
    }

    /**
     * Sets everything.
     *
     * @throws FormatException if something that was asked for is heeded by nothing
     */
    public GenerationConfigBuilder apply(GenerationConfigBuilder builder) {
        effective().forEach((key, value) -> GenerationKeys.set(builder, key, value.json, value.origin));
        return builder;
    }

    private Map<String, Value> effective() {
        Map<String, Value> all = new LinkedHashMap<>(recommended);
        if (asked.containsKey("max_new_tokens")
                || asked.containsKey("max_length")
                || recommended.containsKey("max_new_tokens")) {
            all.remove("max_length"); // one limit; the number of new tokens is the stronger
        }
        if (asked.containsKey("max_length")) {
            all.remove("max_new_tokens");
        }
        all.putAll(asked);
        if (asked.containsKey("max_length") && asked.containsKey("max_new_tokens")) {
            throw unheeded(all, "max_length", "max_new_tokens is set too; set one of them");
        }
        boolean beams =
                all.containsKey("num_beams") && all.get("num_beams").json.intValue() > 1;
        boolean contrastive = all.containsKey("penalty_alpha")
                && all.get("penalty_alpha").json.doubleValue() > 0;
        boolean sampling =
                all.containsKey("do_sample") ? all.get("do_sample").json.booleanValue() : !beams && !contrastive;
        for (String key : List.copyOf(all.keySet())) {
            if (OF_SAMPLING.contains(key) && !sampling && !(contrastive && key.equals("top_k"))) {
                drop(all, key, "nothing is sampled; set do_sample to true, or leave it out");
            } else if (OF_BEAMS.contains(key) && !beams) {
                drop(all, key, "only beam search heeds it; set num_beams to 2 or more, or leave it out");
            }
        }
        return all;
    }

    private void drop(Map<String, Value> all, String key, String why) {
        Value value = asked.get(key);
        if (value != null && !isPreset(key, value.json)) {
            throw unheeded(all, key, why);
        }
        all.remove(key);
    }

    private static boolean isPreset(String key, JsonNode value) {
        JsonNode preset = Json.parse(GenerationKeys.find(key).orElseThrow().preset(), key);
        return value.isNumber() && preset.isNumber()
                ? value.doubleValue() == preset.doubleValue()
                : value.equals(preset);
    }

    private static FormatException unheeded(Map<String, Value> all, String key, String why) {
        String origin = Optional.ofNullable(all.get(key)).map(Value::origin).orElseThrow();
        return new FormatException(origin, "'" + key + "' has no effect", "Here " + why);
    }
}
