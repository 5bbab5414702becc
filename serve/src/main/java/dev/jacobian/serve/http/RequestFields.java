// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.serve.http;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.Json;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;

/**
 * The fields of a request, or of an object in it. Every error names the field, as OpenAI's do ({@code param}).
 *
 * <p>With {@link #refuseOthers} a field that nobody asked for is an error: it was sent to change the answer, and an answer without the change would pass
 * for one with it. A field that is null counts as absent.
 */
public final class RequestFields {
    private final ObjectNode object;
    private final String path;
    private final Set<String> known = new LinkedHashSet<>();

    private RequestFields(ObjectNode object, String path) {
        this.object = object;
        this.path = path;
    }

    /** The fields of a request's body. */
    public static RequestFields of(JsonNode body) {
        if (!(body instanceof ObjectNode object)) {
            throw WebException.malformed("the body must be a JSON object, found " + Json.excerpt(body));
        }
        return new RequestFields(object, "");
    }

    /** The fields of an object inside a request. */
    public static RequestFields of(JsonNode value, String path) {
        if (!(value instanceof ObjectNode object)) {
            throw wrong(path, "an object", value);
        }
        return new RequestFields(object, path + ".");
    }

    /** All of it as text, whose equality is that of requests. */
    public String content() {
        return Json.compact(object);
    }

    /** How a field is named in errors. */
    public String path(String key) {
        return path + key;
    }

    /** A field, if it is there and not null. */
    public Optional<JsonNode> find(String key) {
        known.add(key);
        return object.hasNonNull(key) ? Optional.of(object.get(key)) : Optional.empty();
    }

    /** A field that must be there. */
    public JsonNode get(String key) {
        return find(key).orElseThrow(() -> WebException.invalid(path(key), "the field '" + path(key) + "' is missing"));
    }

    /** An object. */
    public Optional<RequestFields> object(String key) {
        return find(key).map(value -> of(value, path(key)));
    }

    /** A string. */
    public Optional<String> string(String key) {
        return typed(key, JsonNode::isTextual, "a string").map(JsonNode::textValue);
    }

    /** A truth, or what it is where nothing is said. */
    public boolean bool(String key, boolean fallback) {
        return typed(key, JsonNode::isBoolean, "true or false")
                .map(JsonNode::booleanValue)
                .orElse(fallback);
    }

    /** An array. */
    public Optional<JsonNode> array(String key) {
        return typed(key, JsonNode::isArray, "an array");
    }

    /** A whole number within bounds. */
    public Optional<Integer> integer(String key, int least, int most) {
        return typed(
                        key,
                        value -> value.isIntegralNumber()
                                && value.canConvertToInt()
                                && value.intValue() >= least
                                && value.intValue() <= most,
                        most == Integer.MAX_VALUE
                                ? "a whole number from " + least + " on"
                                : "a whole number from " + least + " to " + most)
                .map(JsonNode::intValue);
    }

    /** A whole number of 64 bits. */
    public Optional<Long> longInteger(String key) {
        return typed(key, value -> value.isIntegralNumber() && value.canConvertToLong(), "a whole number of 64 bits")
                .map(JsonNode::longValue);
    }

    /** A number within bounds. */
    public Optional<Float> number(String key, double least, double most) {
        return typed(
                        key,
                        value -> value.isNumber() && value.doubleValue() >= least && value.doubleValue() <= most,
                        "a number from " + text(least) + " to " + text(most))
                .map(JsonNode::floatValue);
    }

    private static String text(double value) {
        return value == Math.rint(value) ? String.valueOf((long) value) : String.valueOf(value);
    }

    private Optional<JsonNode> typed(String key, Predicate<JsonNode> type, String expected) {
        Optional<JsonNode> value = find(key);
        if (value.isPresent() && !type.test(value.get())) {
            throw wrong(path(key), expected, value.get());
        }
        return value;
    }

    /** All fields that are not null, for an object whose names are the caller's. */
    public List<Map.Entry<String, JsonNode>> entries() {
        return object.properties().stream()
                .filter(field -> !field.getValue().isNull())
                .toList();
    }

    /** Fields that cannot change an answer. */
    public RequestFields ignore(List<String> keys) {
        known.addAll(keys);
        return this;
    }

    /** Refuses a field unless it has the one value that means nothing here. */
    public void only(String key, JsonNode harmless, String why) {
        Optional<JsonNode> value = find(key);
        if (value.isPresent() && !value.get().equals(harmless)) {
            throw WebException.invalid(path(key), path(key) + " = " + Json.excerpt(value.get()) + ": " + why);
        }
    }

    /** Refuses what nobody asked for. */
    public void refuseOthers() {
        for (Map.Entry<String, JsonNode> field : object.properties()) {
            if (!field.getValue().isNull() && !known.contains(field.getKey())) {
                throw WebException.invalid(
                        path(field.getKey()),
                        "the field '" + path(field.getKey())
                                + "' is not supported here and might change the answer; leave it out");
            }
        }
    }

    /** A value of another kind than was expected. */
    public static WebException wrong(String path, String expected, JsonNode found) {
        return WebException.invalid(path, path + " must be " + expected + ", found " + Json.excerpt(found));
    }
}
