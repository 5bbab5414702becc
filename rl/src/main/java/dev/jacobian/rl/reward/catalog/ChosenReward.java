// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.reward.catalog;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.FormatException;
import dev.jacobian.io.Json;
import dev.jacobian.rl.config.Given;
import dev.jacobian.rl.reward.WeightedRewards.Weighted;
import java.util.Map;

/**
 * A named reward that somebody chose, with its weight and settings.
 *
 * <p>As a text {@code NAME[:WEIGHT][,KEY=VALUE…]}, such as {@code gsm8k}, {@code format:0.2} or {@code regex:0.5,pattern=\d+}; as JSON such a
 * text or an object: {@code {"name": "regex", "weight": 0.5, "pattern": "\\d+"}}. Besides its own settings every reward has
 * {@value #WARMUP}.
 *
 * @param reward what was chosen
 * @param weight multiplies its scores
 * @param warmupSteps steps at the beginning in which it is measured and not added
 * @param settings those that were given
 */
public record ChosenReward(NamedReward reward, double weight, int warmupSteps, Given settings) {
    private static final String NAME = "name";
    private static final String WEIGHT = "weight";
    private static final String WARMUP = "warmup_steps";

    /**
     * Reads a choice.
     *
     * @param json a text or an object
     * @param origin where it was made, for messages
     * @throws FormatException if it is neither, or a setting is wrong
     * @throws IllegalArgumentException if there is no such reward
     */
    public static ChosenReward read(JsonNode json, String origin) {
        JsonNode entry = json.isTextual() ? object(json.textValue(), origin) : json;
        if (!entry.isObject() || !entry.path(NAME).isTextual()) {
            throw new FormatException(
                    origin,
                    "a reward is NAME[:WEIGHT][,KEY=VALUE] or an object with a 'name', not " + Json.excerpt(json),
                    "Such as gsm8k:0.5 or {\"name\": \"gsm8k\", \"weight\": 0.5}");
        }
        NamedReward reward = Rewards.named(entry.get(NAME).textValue());
        Given settings = new Given();
        double weight = 1;
        int warmup = 0;
        for (Map.Entry<String, JsonNode> field : entry.properties()) {
            JsonNode value = field.getValue();
            switch (field.getKey()) {
                case NAME -> {}
                case WEIGHT -> {
                    require(
                            value.isNumber() && Double.isFinite(value.doubleValue()),
                            origin,
                            WEIGHT,
                            "a number",
                            value);
                    weight = value.doubleValue();
                }
                case WARMUP -> {
                    require(
                            value.canConvertToInt() && value.intValue() >= 0,
                            origin,
                            WARMUP,
                            "a number of steps",
                            value);
                    warmup = value.intValue();
                }
                default -> settings.set(field.getKey(), value, origin);
            }
        }
        reward.with(settings); // refuses what is wrong now, and not when a model has been loaded
        return new ChosenReward(reward, weight, warmup, settings);
    }

    private static void require(boolean right, String origin, String key, String wanted, JsonNode value) {
        if (!right) {
            throw new FormatException(
                    origin, "'" + key + "' must be " + wanted + ", not " + Json.excerpt(value), "Correct the value");
        }
    }

    private static ObjectNode object(String text, String origin) {
        String[] parts = text.split(",(?=[a-z_]+=)", -1); // a comma in a value is followed by something else
        String[] named = parts[0].split(":", 2);
        ObjectNode object = Json.object().put(NAME, named[0].strip());
        if (named.length > 1) {
            object.set(WEIGHT, value(named[1].strip()));
        }
        for (int i = 1; i < parts.length; i++) {
            String[] assignment = parts[i].split("=", 2);
            if (object.has(assignment[0])) {
                throw new FormatException(origin, "'" + assignment[0] + "' is given twice", "Leave one out");
            }
            object.set(assignment[0], value(assignment[1]));
        }
        return object;
    }

    /** A number, true, false, or else a string. */
    private static JsonNode value(String text) {
        return text.matches("true|false|-?(0|[1-9][0-9]*)(\\.[0-9]+)?([eE][-+]?[0-9]+)?")
                ? Json.parse(text, "a setting")
                : JsonNodeFactory.instance.textNode(text);
    }

    /** What {@link #read} reads. */
    public ObjectNode toJson() {
        ObjectNode json = Json.object();
        json.put(NAME, reward.name());
        json.put(WEIGHT, weight);
        if (warmupSteps > 0) {
            json.put(WARMUP, warmupSteps);
        }
        settings.keys().forEach(key -> settings.get(key).ifPresent(value -> json.set(key, value.json())));
        return json;
    }

    /** The reward itself. */
    public Weighted make(RewardModels models) {
        return new Weighted(reward.make(settings, models), weight, warmupSteps);
    }
}
