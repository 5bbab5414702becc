// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io.grammar;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.NullNode;
import dev.jacobian.io.FormatException;
import dev.jacobian.io.Json;
import dev.jacobian.io.grammar.NumberRanges.Bound;
import dev.jacobian.tensor.Nullable;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;

/**
 * A subschema and its place, for messages that say where something is wrong.
 *
 * @param pointer JSON pointer from the schema's root, as a reference spells it
 * @param where what the whole schema was read from
 */
record Schema(JsonNode node, String pointer, String where) {
    private static final int MAX_REFERENCES = 100;

    /** Digits of a bound; nobody needs more, and each is a part of the grammar. */
    private static final int MAX_DIGITS = 40;

    private static final Set<String> TYPES =
            Set.of("null", "boolean", "integer", "number", "string", "array", "object");

    /** What a schema is about that does not say its type. */
    private static final Map<String, String> TYPE_OF_KEYWORD = new TreeMap<>(Map.ofEntries(
            Map.entry("properties", "object"),
            Map.entry("required", "object"),
            Map.entry("additionalProperties", "object"),
            Map.entry("items", "array"),
            Map.entry("prefixItems", "array"),
            Map.entry("minItems", "array"),
            Map.entry("maxItems", "array"),
            Map.entry("minLength", "string"),
            Map.entry("maxLength", "string"),
            Map.entry("pattern", "string"),
            Map.entry("format", "string"),
            Map.entry("minimum", "number"),
            Map.entry("maximum", "number"),
            Map.entry("exclusiveMinimum", "number"),
            Map.entry("exclusiveMaximum", "number")));

    Schema {
        if (!node.isObject() && !node.isBoolean()) {
            throw new FormatException(
                    where + ", at " + pointer,
                    "a schema must be an object, or true or false; found " + Json.excerpt(node),
                    "Correct it");
        }
    }

    String place() {
        return where + ", at " + pointer;
    }

    FormatException error(String what, String fix) {
        return new FormatException(place(), what, fix);
    }

    boolean has(String keyword) {
        return node.has(keyword);
    }

    /** The subschema of a keyword. */
    Schema child(String keyword) {
        return new Schema(node.get(keyword), pointer + "/" + escaped(keyword), where);
    }

    /** A subschema of a keyword that has several by name. */
    Schema child(String keyword, String name) {
        return new Schema(node.get(keyword).get(name), pointer + "/" + escaped(keyword) + "/" + escaped(name), where);
    }

    /** The subschemas of a keyword that has a list of them, at least one. */
    List<Schema> list(String keyword) {
        JsonNode list = node.get(keyword);
        if (!list.isArray() || list.isEmpty()) {
            throw error("'" + keyword + "' must be a list of at least one schema", "Correct it");
        }
        List<Schema> schemas = new ArrayList<>();
        for (int i = 0; i < list.size(); i++) {
            schemas.add(new Schema(list.get(i), pointer + "/" + keyword + "/" + i, where));
        }
        return schemas;
    }

    private static String escaped(String name) {
        return name.replace("~", "~0").replace("/", "~1");
    }

    /** The schema that this one refers to, through any number of references; itself if it refers to none. */
    Schema resolved(JsonNode root) {
        Schema schema = this;
        for (int i = 0; schema.node.has("$ref"); i++) {
            Keywords.require(schema);
            if (i == MAX_REFERENCES) {
                throw error(
                        "'$ref' leads in a circle, or through more than " + MAX_REFERENCES + " schemas", "Correct it");
            }
            schema = schema.target(root);
        }
        return schema;
    }

    private Schema target(JsonNode root) {
        String reference = node.get("$ref").isTextual() ? node.get("$ref").textValue() : "";
        if (!reference.equals("#") && !reference.startsWith("#/")) {
            throw error(
                    "'$ref' is " + Json.excerpt(node.get("$ref")) + ", which is no place in this schema",
                    "Only references such as #/$defs/name are followed; put what is meant under $defs");
        }
        JsonNode target = root;
        for (String step : reference.substring(1).split("/", -1)) {
            if (target != root || !step.isEmpty()) {
                String name = step.replace("~1", "/").replace("~0", "~");
                JsonNode found = target.isArray() && name.matches("[0-9]{1,9}")
                        ? target.get(Integer.parseInt(name))
                        : target.get(name);
                if (found == null) {
                    throw error(
                            "'$ref' is " + reference + ", and there is nothing", "Correct it, or add it under $defs");
                }
                target = found;
            }
        }
        return new Schema(target, reference, where);
    }

    /** Whether null is allowed beside what the schema says, in the manner of OpenAPI. */
    boolean nullable() {
        return node.path("nullable").asBoolean(false);
    }

    /** The types of its values in the order of the schema; none if it says nothing about them. */
    Set<String> types() {
        Set<String> types = new LinkedHashSet<>();
        JsonNode type = node.get("type");
        if (type == null) {
            TYPE_OF_KEYWORD.forEach((keyword, implied) -> {
                if (node.has(keyword)) {
                    types.add(implied);
                }
            });
        } else if (type.isArray() && !type.isEmpty()) {
            type.forEach(one -> types.add(typeName(one)));
        } else {
            types.add(typeName(type));
        }
        if (types.contains("number")) {
            types.remove("integer"); // which are numbers
        }
        if (nullable() && !types.isEmpty()) {
            types.add("null");
        }
        return types;
    }

    private String typeName(JsonNode type) {
        if (!type.isTextual() || !TYPES.contains(type.textValue())) {
            throw error(
                    "'type' is " + Json.excerpt(type),
                    "Use one of "
                            + String.join(
                                    ", ", Set.copyOf(TYPES).stream().sorted().toList()));
        }
        return type.textValue();
    }

    /** The type that a keyword restricts; nothing if it is not about one type. */
    static Optional<String> typeOf(String keyword) {
        return Optional.ofNullable(TYPE_OF_KEYWORD.get(keyword));
    }

    /** The values that {@code enum} and {@code const} leave, those of a wrong type without. */
    List<JsonNode> enumerated() {
        List<JsonNode> values = new ArrayList<>();
        if (has("const")) {
            values.add(node.get("const"));
        } else if (node.get("enum").isArray()) {
            node.get("enum").forEach(values::add);
        } else {
            throw error("'enum' must be a list of values", "Correct it");
        }
        if (has("const") && has("enum")) {
            List<JsonNode> listed = new ArrayList<>();
            node.get("enum").forEach(listed::add);
            values.retainAll(listed);
        }
        Set<String> types = has("type") ? types() : Set.of();
        values.removeIf(value -> !types.isEmpty() && types.stream().noneMatch(type -> isOf(value, type)));
        if (nullable()) {
            values.add(NullNode.instance);
        }
        return values;
    }

    private static boolean isOf(JsonNode value, String type) {
        return switch (type) {
            case "null" -> value.isNull();
            case "boolean" -> value.isBoolean();
            case "integer" -> value.isIntegralNumber();
            case "number" -> value.isNumber();
            case "string" -> value.isTextual();
            case "array" -> value.isArray();
            default -> value.isObject();
        };
    }

    /** A count that a keyword gives; {@code otherwise} if it is not there. */
    int count(String keyword, int otherwise) {
        JsonNode count = node.get(keyword);
        if (count == null) {
            return otherwise;
        }
        if (!count.isNumber() || count.decimalValue().signum() < 0 || !isInteger(count.decimalValue())) {
            throw error("'" + keyword + "' is " + Json.excerpt(count), "It must be an integer of at least 0");
        }
        return count.decimalValue()
                .min(BigDecimal.valueOf(Integer.MAX_VALUE - 1))
                .intValue();
    }

    private static boolean isInteger(BigDecimal value) {
        return value.precision() - value.scale() <= MAX_DIGITS
                && value.stripTrailingZeros().scale() <= 0;
    }

    /** The tighter of a bound and an exclusive bound; null if there is neither. */
    @Nullable
    Bound bound(String inclusive, String exclusive, int direction) {
        Bound bound = has(inclusive) ? new Bound(number(inclusive), false) : null;
        if (!has(exclusive)) {
            return bound;
        }
        if (node.get(exclusive).isBoolean()) { // the form before draft 6
            return bound != null && node.get(exclusive).booleanValue() ? new Bound(bound.value(), true) : bound;
        }
        BigDecimal value = number(exclusive);
        return bound != null && bound.value().compareTo(value) * direction > 0 ? bound : new Bound(value, true);
    }

    private BigDecimal number(String keyword) {
        JsonNode number = node.get(keyword);
        if (!number.isNumber() || number.isFloatingPointNumber() && !Double.isFinite(number.doubleValue())) {
            throw error("'" + keyword + "' is " + Json.excerpt(number), "It must be a number");
        }
        BigDecimal value = number.decimalValue();
        BigDecimal stripped = value.stripTrailingZeros();
        if (stripped.scale() > MAX_DIGITS || stripped.precision() - (long) stripped.scale() > MAX_DIGITS) {
            throw error(
                    "'" + keyword + "' is " + Json.excerpt(number) + ", which has more than " + MAX_DIGITS
                            + " digits before or behind the point",
                    "Leave it out, or round it");
        }
        return stripped;
    }
}
