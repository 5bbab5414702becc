// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.config;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Values for some keys, and where each comes from: a preset, a file, an option. What is set later wins, so layers are added
 * from the weakest to the strongest.
 */
public final class Given {
    /**
     * A value with its origin.
     *
     * @param json the value
     * @param origin in words that a message can begin with, such as {@code --set beta=0.1}
     */
    public record Value(JsonNode json, String origin) {}

    private final Map<String, Value> values = new LinkedHashMap<>();

    /** Sets one key. */
    public Given set(String key, JsonNode value, String origin) {
        values.put(key, new Value(value, origin));
        return this;
    }

    /** Sets one key to a number, a truth value, a string or a constant of an enum. */
    public Given set(String key, Object value, String origin) {
        return set(key, Values.toJson(value), origin);
    }

    /** Sets all keys of an object. */
    public Given setAll(ObjectNode object, String origin) {
        object.properties().forEach(entry -> set(entry.getKey(), entry.getValue(), origin));
        return this;
    }

    /** Takes all values of another, which win. */
    public Given setAll(Given stronger) {
        values.putAll(stronger.values);
        return this;
    }

    /** The same without some keys. */
    public Given without(Collection<String> keys) {
        Given rest = new Given().setAll(this);
        rest.values.keySet().removeAll(keys);
        return rest;
    }

    /** The keys that have a value, in the order in which they were set first. */
    public Set<String> keys() {
        return values.keySet();
    }

    /** The value of a key. */
    public Optional<Value> get(String key) {
        return Optional.ofNullable(values.get(key));
    }
}
