// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.config;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.Json;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

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
     * @param written as somebody wrote it who could not say its type: what a setting whose type is text takes
     */
    public record Value(JsonNode json, String origin, Optional<String> written) {
        /** A value whose type is known. */
        public Value(JsonNode json, String origin) {
            this(json, origin, Optional.empty());
        }
    }

    private static final Pattern JSON = Pattern.compile("true|false|-?(0|[1-9][0-9]*)(\\.[0-9]+)?([eE][-+]?[0-9]+)?");

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

    /** Sets one key to a value that has been set elsewhere. */
    public Given set(String key, Value value) {
        values.put(key, value);
        return this;
    }

    /**
     * Sets one key to what a command line says: a number, true, false, or else a string, and always a string where the key's type is one.
     */
    public Given setText(String key, String text, String origin) {
        JsonNode guess = JSON.matcher(text).matches() ? Json.parse(text, origin) : Values.toJson(text);
        return set(key, new Value(guess, origin, Optional.of(text)));
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
