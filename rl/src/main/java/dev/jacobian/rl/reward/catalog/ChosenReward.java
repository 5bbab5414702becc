// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.reward.catalog;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.FormatException;
import dev.jacobian.io.Json;
import dev.jacobian.rl.config.Given;
import dev.jacobian.rl.reward.WeightedRewards.Weighted;
import java.util.ArrayList;
import java.util.List;

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
        if (json.isTextual()) {
            return read(json.textValue(), origin);
        }
        if (!json.isObject() || !json.path(NAME).isTextual()) {
            throw new FormatException(
                    origin,
                    "a reward is NAME[:WEIGHT][,KEY=VALUE] or an object with a 'name', not " + Json.excerpt(json),
                    "Such as gsm8k:0.5 or {\"name\": \"gsm8k\", \"weight\": 0.5}");
        }
        Given given = new Given();
        json.properties().stream()
                .filter(field -> !field.getKey().equals(NAME))
                .forEach(field -> given.set(field.getKey(), field.getValue(), origin));
        return of(Rewards.named(json.get(NAME).textValue()), given, origin);
    }

    private static ChosenReward read(String text, String origin) {
        String[] parts = text.split(",(?=[a-z_]+=)", -1); // a comma in a value is followed by something else
        String[] named = parts[0].split(":", 2);
        NamedReward reward = Rewards.named(named[0].strip());
        Given given = new Given();
        if (named.length > 1) {
            given.setText(WEIGHT, named[1].strip(), origin);
        }
        for (String assignment : assignments(parts, reward)) {
            String[] sides = assignment.split("=", 2);
            if (given.get(sides[0]).isPresent()) {
                throw new FormatException(origin, "'" + sides[0] + "' is given twice", "Leave one out");
            }
            given.setText(sides[0], sides[1], origin);
        }
        return of(reward, given, origin);
    }

    /** What stands behind the name, where {@code routes=a=math,b=code} is one assignment: b is no setting, and routes is a list of such. */
    private static List<String> assignments(String[] parts, NamedReward reward) {
        List<String> assignments = new ArrayList<>();
        boolean inList = false;
        for (String part : List.of(parts).subList(1, parts.length)) {
            String key = part.substring(0, part.indexOf('='));
            boolean own = reward.has(key) || key.equals(WEIGHT) || key.equals(WARMUP);
            if (inList && !own) {
                assignments.set(assignments.size() - 1, assignments.getLast() + "," + part);
            } else {
                assignments.add(part);
                inList = reward.isList(key);
            }
        }
        return assignments;
    }

    private static ChosenReward of(NamedReward reward, Given given, String origin) {
        double weight = given.get(WEIGHT)
                .map(Given.Value::json)
                .map(value -> {
                    require(
                            value.isNumber() && Double.isFinite(value.doubleValue()),
                            origin,
                            WEIGHT,
                            "a number",
                            value);
                    return value.doubleValue();
                })
                .orElse(1.0);
        int warmup = given.get(WARMUP)
                .map(Given.Value::json)
                .map(value -> {
                    require(
                            value.canConvertToInt() && value.intValue() >= 0,
                            origin,
                            WARMUP,
                            "a number of steps",
                            value);
                    return value.intValue();
                })
                .orElse(0);
        Given settings = given.without(List.of(WEIGHT, WARMUP));
        reward.with(settings); // refuses what is wrong now, and not when a model has been loaded
        return new ChosenReward(reward, weight, warmup, settings);
    }

    private static void require(boolean right, String origin, String key, String wanted, JsonNode value) {
        if (!right) {
            throw new FormatException(
                    origin, "'" + key + "' must be " + wanted + ", not " + Json.excerpt(value), "Correct the value");
        }
    }

    /** What {@link #read} reads. */
    public ObjectNode toJson() {
        ObjectNode json = Json.object();
        json.put(NAME, reward.name());
        json.put(WEIGHT, weight);
        if (warmupSteps > 0) {
            json.put(WARMUP, warmupSteps);
        }
        JsonNode all = reward.json(settings); // each as a value of its own type
        settings.keys().forEach(key -> json.set(key, all.get(key)));
        return json;
    }

    /** The reward itself. */
    public Weighted make(RewardModels models) {
        return new Weighted(reward.make(settings, models), weight, warmupSteps);
    }
}
