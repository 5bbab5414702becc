// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;

/**
 * Reads the fields of one JSON object, and remembers which were read.
 *
 * <p>{@link #finish()} then rejects every field that nobody asked for. A key that this code does not know may change
 * what the file means, so ignoring it silently is how a wrong number gets in. A field that is {@code null} counts as
 * absent, known or not.
 */
public final class JsonFields {
    /** Most known names that an error lists. */
    private static final int SHORT_LIST = 12;

    private final JsonNode node;
    private final String where;
    private final Set<String> read = new LinkedHashSet<>();

    private JsonFields(JsonNode node, String where) {
        this.node = node;
        this.where = where;
    }

    /**
     * @param node the object
     * @param where the file and the path to the object, for messages
     * @throws FormatException if {@code node} is not an object
     */
    public static JsonFields of(JsonNode node, String where) {
        if (!node.isObject()) {
            throw new FormatException(where, "expected a JSON object, found " + Json.excerpt(node), "Correct the file");
        }
        return new JsonFields(node, where);
    }

    /** The object itself. */
    public JsonNode node() {
        return node;
    }

    /** The file and the path to this object. */
    public String where() {
        return where;
    }

    /** Whether the field is there and is not null. Does not mark it as read. */
    public boolean has(String key) {
        return node.hasNonNull(key);
    }

    /** The field, unless it is absent or null. */
    public Optional<JsonNode> find(String key) {
        read.add(key);
        return has(key) ? Optional.of(node.get(key)) : Optional.empty();
    }

    /** The field, which must be there. */
    public JsonNode get(String key) {
        return find(key).orElseThrow(() -> new FormatException(where, "the field '" + key + "' is missing", "Add it"));
    }

    /** A string that must be there. */
    public String string(String key) {
        JsonNode value = get(key);
        if (!value.isTextual()) {
            throw wrong(key, "a string", value);
        }
        return value.textValue();
    }

    /** A string, or {@code fallback} if absent. */
    public String string(String key, String fallback) {
        return find(key).isPresent() ? string(key) : fallback;
    }

    /** {@code true} or {@code false}, or {@code fallback} if absent. */
    public boolean bool(String key, boolean fallback) {
        Optional<JsonNode> value = find(key);
        if (value.isPresent() && !value.get().isBoolean()) {
            throw wrong(key, "true or false", value.get());
        }
        return value.map(JsonNode::booleanValue).orElse(fallback);
    }

    /** An integer that must be there and fit in an {@code int}. */
    public int integer(String key) {
        JsonNode value = get(key);
        if (!value.isIntegralNumber() || !value.canConvertToInt()) {
            throw wrong(key, "an integer", value);
        }
        return value.intValue();
    }

    /** An integer, or {@code fallback} if absent. */
    public int integer(String key, int fallback) {
        return find(key).isPresent() ? integer(key) : fallback;
    }

    /** A whole number from 0 on that must be there and fit in a {@code long}. */
    public long count(String key) {
        JsonNode value = get(key);
        if (!value.isIntegralNumber() || !value.canConvertToLong() || value.longValue() < 0) {
            throw wrong(key, "a count", value);
        }
        return value.longValue();
    }

    /** A finite number from 0 on that must be there. */
    public double quantity(String key) {
        double value = number(key);
        if (!(value >= 0) || Double.isInfinite(value)) {
            throw wrong(key, "a number from 0 on", node.get(key));
        }
        return value;
    }

    /** A number that must be there. One beyond the range of a {@code double}, such as 1e400, is refused. */
    public double number(String key) {
        JsonNode value = get(key);
        if (!value.isNumber()) {
            throw wrong(key, "a number", value);
        }
        if (!Double.isFinite(value.doubleValue())) {
            throw wrong(key, "a number that is finite in 64-bit floating point", value);
        }
        return value.doubleValue();
    }

    /** A number, or {@code fallback} if absent. */
    public double number(String key, double fallback) {
        return find(key).isPresent() ? number(key) : fallback;
    }

    /** An object that must be there. */
    public JsonFields object(String key) {
        return of(get(key), where + ", " + key);
    }

    /** The elements of an array that must be there, as objects. */
    public List<JsonFields> objects(String key) {
        List<JsonFields> out = new ArrayList<>();
        for (JsonNode element : array(key)) {
            out.add(of(element, where + ", " + key + "[" + out.size() + "]"));
        }
        return out;
    }

    /** An array that must be there. */
    public JsonNode array(String key) {
        JsonNode value = get(key);
        if (!value.isArray()) {
            throw wrong(key, "an array", value);
        }
        return value;
    }

    /** Marks fields as known without reading them: those that cannot change the meaning. */
    public JsonFields ignore(String... keys) {
        read.addAll(List.of(keys));
        return this;
    }

    /** Marks all fields whose names are accepted as known. */
    public JsonFields ignoreNamed(Predicate<String> names) {
        node.fieldNames().forEachRemaining(name -> {
            if (names.test(name)) {
                read.add(name);
            }
        });
        return this;
    }

    /** Marks a field as known if it has this value, numbers compared by value; with any other it stays an error. */
    public JsonFields ignoreAt(String key, JsonNode value) {
        JsonNode found = node.path(key);
        if (found.equals(value) || found.isNumber() && value.isNumber() && found.doubleValue() == value.doubleValue()) {
            read.add(key);
        }
        return this;
    }

    /**
     * Ends the reading.
     *
     * @throws FormatException if the object has a field that is not null and was neither read nor ignored
     */
    public void finish() {
        for (Map.Entry<String, JsonNode> field : node.properties()) {
            if (!field.getValue().isNull() && !read.contains(field.getKey())) {
                throw new FormatException(
                        where,
                        "the field '" + field.getKey() + "' is not supported" + hint(field.getKey()),
                        "It may change what the file means, so it is not ignored; remove it if it is a slip");
            }
        }
    }

    /** All that is known if that fits on a line, else the one that is meant if a slip of the hand explains the name. */
    private String hint(String name) {
        if (read.size() <= SHORT_LIST) {
            return " (known here: " + String.join(", ", read) + ")";
        }
        return read.stream()
                .filter(known -> EditDistance.isAtMost(2, known, name))
                .findFirst()
                .map(known -> " (is '" + known + "' meant?)")
                .orElse("");
    }

    private FormatException wrong(String key, String expected, JsonNode found) {
        return new FormatException(
                where, "the field '" + key + "' must be " + expected + ", found " + Json.excerpt(found), "Correct it");
    }
}
