// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.config;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import dev.jacobian.io.FormatException;
import dev.jacobian.io.Json;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Stream;

/** Single values: what a key's Java type is in JSON. */
final class Values {
    private static final JsonNodeFactory JSON = JsonNodeFactory.instance;

    private Values() {}

    static JsonNode toJson(Object value) {
        return switch (value) {
            case Integer i -> JSON.numberNode(i.intValue());
            case Long l -> JSON.numberNode(l.longValue());
            case Double d -> JSON.numberNode(d.doubleValue());
            case Boolean b -> JSON.booleanNode(b);
            case Enum<?> e -> JSON.textNode(spellings(e).getFirst());
            case String s -> JSON.textNode(s);
            default -> throw new IllegalArgumentException("no setting is of " + value.getClass());
        };
    }

    /** Whether {@link #toJson} takes it as it is. */
    static boolean isPlain(Object value) {
        return value instanceof Integer
                || value instanceof Long
                || value instanceof Double
                || value instanceof Boolean
                || value instanceof String;
    }

    /** The default that an annotation has as text. */
    static Object parse(Class<?> type, String text) {
        boolean quoted = type.isEnum() || type == String.class;
        JsonNode json = quoted ? JSON.textNode(text) : Json.parse(text, "a default");
        return read(type, json)
                .orElseThrow(() -> new IllegalArgumentException("'" + text + "' is not " + described(type)));
    }

    /** A value that was given. */
    static Object of(Class<?> type, String key, Given.Value given) {
        return read(type, given.json())
                .orElseThrow(() -> new FormatException(
                        given.origin(),
                        "'" + key + "' must be " + described(type) + ", not " + Json.compact(given.json()),
                        "Correct the value"));
    }

    /** The value, or nothing if the JSON is of another type: 1.0 is no integer, 1 is a number. */
    private static Optional<Object> read(Class<?> type, JsonNode json) {
        if (type == int.class) {
            return json.isIntegralNumber() && json.canConvertToInt() ? Optional.of(json.intValue()) : Optional.empty();
        }
        if (type == long.class) {
            return json.isIntegralNumber() && json.canConvertToLong()
                    ? Optional.of(json.longValue())
                    : Optional.empty();
        }
        if (type == double.class) {
            return json.isNumber() && Double.isFinite(json.doubleValue())
                    ? Optional.of(json.doubleValue())
                    : Optional.empty();
        }
        if (type == boolean.class) {
            return json.isBoolean() ? Optional.of(json.booleanValue()) : Optional.empty();
        }
        if (type == String.class) {
            return Optional.ofNullable(json.textValue());
        }
        return Stream.of(Objects.requireNonNull(type.getEnumConstants(), type.getName()))
                .filter(constant ->
                        json.isTextual() && spellings((Enum<?>) constant).contains(json.textValue()))
                .map(Object.class::cast)
                .findFirst();
    }

    private static String described(Class<?> type) {
        if (type.isEnum()) {
            List<String> choices = choices(type);
            return choices.size() == 1
                    ? choices.getFirst()
                    : String.join(", ", choices.subList(0, choices.size() - 1)) + " or " + choices.getLast();
        }
        return switch (type.getSimpleName()) {
            case "int" -> "an integer";
            case "long" -> "an integer of at most 64 bits";
            case "double" -> "a number";
            case "boolean" -> "true or false";
            default -> "a string";
        };
    }

    static List<String> choices(Class<?> type) {
        return !type.isEnum()
                ? List.of()
                : Stream.of(type.getEnumConstants())
                        .map(constant -> spellings((Enum<?>) constant).getFirst())
                        .toList();
    }

    private static List<String> spellings(Enum<?> constant) {
        return constant instanceof Spelled spelled
                ? spelled.spellings()
                : List.of(constant.name().toLowerCase(Locale.ROOT));
    }
}
