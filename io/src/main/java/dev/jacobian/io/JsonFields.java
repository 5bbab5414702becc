// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Reads the fields of one JSON object, and remembers which were read.
 *
 * <p>{@link #finish()} then rejects every field that nobody asked for. A key that this code does not know may change
 * what the file means, so ignoring it silently is how a wrong number gets in. A field that is {@code null} counts as
 * absent.
 */
public final class JsonFields {
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
            throw new FormatException(where, "expected a JSON object, found " + describe(node), "Correct the file");
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

    /** A number that must be there. */
    public double number(String key) {
        JsonNode value = get(key);
        if (!value.isNumber()) {
            throw wrong(key, "a number", value);
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

    /**
     * Ends the reading.
     *
     * @throws FormatException if the object has a field that was neither read nor ignored
     */
    public void finish() {
        for (Iterator<String> names = node.fieldNames(); names.hasNext(); ) {
            String name = names.next();
            if (!read.contains(name)) {
                throw new FormatException(
                        where,
                        "the field '" + name + "' is not supported (known here: " + String.join(", ", read) + ")",
                        "It may change what the file means, so it is not ignored; remove it if it is a slip");
            }
        }
    }

    private FormatException wrong(String key, String expected, JsonNode found) {
        return new FormatException(
                where, "the field '" + key + "' must be " + expected + ", found " + describe(found), "Correct it");
    }

    private static String describe(JsonNode node) {
        String text = node.toString();
        return text.length() <= 60 ? text : text.substring(0, 57) + "...";
    }
}
