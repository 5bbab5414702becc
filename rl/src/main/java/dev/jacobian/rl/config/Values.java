// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.config;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.FormatException;
import dev.jacobian.io.Json;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.TreeMap;
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
            case Enum<?> e -> spelled(spellings(e).getFirst());
            case String s -> JSON.textNode(s);
            case OptionalInt i -> i.isPresent() ? JSON.numberNode(i.getAsInt()) : JSON.nullNode();
            case OptionalDouble d -> d.isPresent() ? JSON.numberNode(d.getAsDouble()) : JSON.nullNode();
            case Names names
            when names.values().size() == 1 -> JSON.textNode(names.values().getFirst());
            case Names names -> {
                ArrayNode array = JSON.arrayNode();
                names.values().forEach(array::add);
                yield array;
            }
            case Numbers numbers when numbers.values().isEmpty() -> JSON.nullNode();
            case Numbers numbers -> {
                ArrayNode array = JSON.arrayNode();
                numbers.values().forEach(array::add);
                yield array;
            }
            case Stages none when none.values().isEmpty() -> JSON.nullNode();
            case Stages stages -> {
                ObjectNode object = JSON.objectNode();
                stages.values().forEach((steps, one) -> object.put(Integer.toString(steps), one));
                yield object;
            }
            case Arguments none when none.values().isEmpty() -> JSON.nullNode();
            case Arguments arguments -> {
                ObjectNode object = JSON.objectNode();
                new TreeMap<>(arguments.values()).forEach((name, one) -> object.set(name, toJson(one)));
                yield object;
            }
            default -> throw new IllegalArgumentException("no setting is of " + value.getClass());
        };
    }

    /** A spelling that is one of JSON's words is that word. */
    private static JsonNode spelled(String spelling) {
        return switch (spelling) {
            case "null" -> JSON.nullNode();
            case "true" -> JSON.booleanNode(true);
            case "false" -> JSON.booleanNode(false);
            default -> JSON.textNode(spelling);
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

    static boolean isNullable(Class<?> type) {
        return type.isEnum()
                ? choices(type).contains("null")
                : read(type, JSON.nullNode()).isPresent();
    }

    /** The default that an annotation has as text. */
    static Object parse(Class<?> type, String text) {
        boolean quoted = type.isEnum() || type == String.class || type == Names.class;
        JsonNode json = quoted ? JSON.textNode(text) : Json.parse(text, "a default");
        return read(type, json)
                .orElseThrow(() -> new IllegalArgumentException("'" + text + "' is not " + described(type)));
    }

    /** A value that was given. */
    static Object of(Class<?> type, String key, Given.Value given) {
        boolean isText = type == String.class || type == Names.class;
        JsonNode json =
                given.written().filter(text -> isText).map(Values::toJson).orElse(given.json());
        return read(type, json)
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
        if (type == OptionalInt.class) {
            return isNothing(json)
                    ? Optional.of(OptionalInt.empty())
                    : read(int.class, json).map(value -> OptionalInt.of((Integer) value));
        }
        if (type == OptionalDouble.class) {
            return isNothing(json)
                    ? Optional.of(OptionalDouble.empty())
                    : read(double.class, json).map(value -> OptionalDouble.of((Double) value));
        }
        if (type == Names.class) {
            return names(json);
        }
        if (type == Numbers.class) {
            return numbers(json);
        }
        if (type == Stages.class) {
            return stages(json);
        }
        if (type == Arguments.class) {
            return arguments(json);
        }
        return Stream.of(Objects.requireNonNull(type.getEnumConstants(), type.getName()))
                .filter(constant ->
                        json.isValueNode() && spellings((Enum<?>) constant).contains(json.asText()))
                .map(Object.class::cast)
                .findFirst();
    }

    /** Nothing, also as {@code --set} writes it. */
    private static boolean isNothing(JsonNode json) {
        return json.isNull() || json.isTextual() && json.textValue().equals("null");
    }

    private static Optional<Object> names(JsonNode json) {
        if (json.isTextual()) {
            return Optional.of(Names.of(json.textValue()));
        }
        List<String> names = new ArrayList<>();
        json.forEach(name -> names.add(name.isTextual() ? name.textValue() : ""));
        return json.isArray() && !names.contains("") ? Optional.of(new Names(names)) : Optional.empty();
    }

    private static Optional<Object> numbers(JsonNode json) {
        if (isNothing(json)) {
            return Optional.of(new Numbers(List.of()));
        }
        if (json.isTextual()) {
            return numbers(Json.parse("[" + json.textValue() + "]", "a list of numbers"));
        }
        List<Double> numbers = new ArrayList<>();
        for (JsonNode number : json.isNumber() ? List.of(json) : json) {
            Optional<Object> value = read(double.class, number);
            if (value.isEmpty()) {
                return Optional.empty();
            }
            numbers.add((Double) value.get());
        }
        return json.isArray() || json.isNumber() ? Optional.of(new Numbers(numbers)) : Optional.empty();
    }

    private static Optional<Object> stages(JsonNode json) {
        if (isNothing(json)) {
            return Optional.of(Stages.NONE);
        }
        if (json.isTextual() && json.textValue().strip().startsWith("{")) {
            try {
                return stages(Json.parse(json.textValue(), "values by step"));
            } catch (FormatException notJson) {
                return Optional.empty();
            }
        }
        if (json.isTextual()) {
            ObjectNode object = JSON.objectNode();
            for (String stage : json.textValue().split(",")) {
                String[] parts = stage.strip().split("\\s*=\\s*", 2);
                if (parts.length < 2 || !parts[1].matches("[0-9]{1,9}") || object.has(parts[0])) {
                    return Optional.empty();
                }
                object.put(parts[0], Integer.parseInt(parts[1]));
            }
            return stages(object);
        }
        NavigableMap<Integer, Integer> stages = new TreeMap<>();
        for (Map.Entry<String, JsonNode> stage : json.properties()) {
            Optional<Object> value = read(int.class, stage.getValue());
            if (!stage.getKey().matches("0|[1-9][0-9]{0,8}") || value.isEmpty()) {
                return Optional.empty();
            }
            stages.put(Integer.valueOf(stage.getKey()), (Integer) value.get());
        }
        return json.isObject() ? Optional.of(new Stages(stages)) : Optional.empty();
    }

    private static Optional<Object> arguments(JsonNode json) {
        if (isNothing(json)) {
            return Optional.of(Arguments.NONE);
        }
        Map<String, Object> arguments = new TreeMap<>();
        if (json.isTextual()) {
            for (String assignment : json.textValue().split(",")) {
                String[] parts = assignment.strip().split("=", 2);
                if (parts.length < 2) {
                    return Optional.empty();
                }
                arguments.put(parts[0].strip(), word(parts[1].strip()));
            }
            return Optional.of(new Arguments(arguments));
        }
        if (!json.isObject()) {
            return Optional.empty();
        }
        for (Map.Entry<String, JsonNode> entry : json.properties()) {
            JsonNode value = entry.getValue();
            if (value.isContainerNode()) {
                return Optional.empty();
            }
            if (!value.isNull()) {
                arguments.put(
                        entry.getKey(),
                        value.isNumber()
                                ? (Object) value.doubleValue()
                                : value.isBoolean() ? (Object) value.booleanValue() : value.asText());
            }
        }
        return Optional.of(new Arguments(arguments));
    }

    private static Object word(String text) {
        if (text.matches("-?[0-9.]+([eE][-+]?[0-9]+)?")) {
            return Double.valueOf(text);
        }
        return text.matches("(?i)true|false") ? (Object) Boolean.valueOf(text) : text;
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
            case "OptionalInt" -> "an integer or null";
            case "OptionalDouble" -> "a number or null";
            case "Names" -> "a string or a list of strings";
            case "Numbers" -> "a list of numbers or null";
            case "Stages" -> "values by step, such as 0=64,200=128, or null";
            case "Arguments" -> "an object of settings or null";
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
