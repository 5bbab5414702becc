// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io.grammar;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * Whether no value satisfies two schemas, as far as it is easy to see: they are of different types, list different values, or are objects of
 * which a property that both require has different values in each.
 */
final class Disjoint {
    private Disjoint() {}

    /** @throws dev.jacobian.io.FormatException unless it is seen of every two of the parts */
    static void require(Schema schema, List<Schema> parts) {
        for (int i = 0; i < parts.size(); i++) {
            for (int j = 0; j < i; j++) {
                if (!provable(parts.get(i), parts.get(j))) {
                    throw schema.error(
                            "'oneOf' means exactly one, and a value may satisfy both "
                                    + parts.get(j).pointer() + " and "
                                    + parts.get(i).pointer(),
                            "Use 'anyOf', or give each a required property with a 'const' of its own");
                }
            }
        }
    }

    private static boolean provable(Schema one, Schema other) {
        if (one.node().isBoolean() || other.node().isBoolean()) {
            return false;
        }
        if (lists(one) && lists(other)) {
            return disjoint(one.enumerated(), other.enumerated());
        }
        Set<String> types = typesOf(one);
        Set<String> others = typesOf(other);
        if (types.isEmpty() || others.isEmpty()) {
            return false;
        }
        Set<String> common = new HashSet<>(types);
        common.retainAll(others);
        boolean numbers = types.contains("number") && others.contains("integer")
                || types.contains("integer") && others.contains("number");
        if (common.isEmpty() && !numbers) {
            return true;
        }
        return common.equals(Set.of("object")) && !numbers && tagged(one, other);
    }

    /** Its types; none if they are not known, as where references or combinations decide. */
    private static Set<String> typesOf(Schema schema) {
        if (lists(schema)) {
            Set<String> types = new HashSet<>();
            schema.enumerated().forEach(value -> types.add(typeOf(value)));
            return types;
        }
        return schema.types();
    }

    private static String typeOf(JsonNode value) {
        return switch (value.getNodeType()) {
            case NULL -> "null";
            case BOOLEAN -> "boolean";
            case NUMBER -> "number";
            case STRING -> "string";
            case ARRAY -> "array";
            default -> "object";
        };
    }

    private static boolean lists(Schema schema) {
        return schema.has("enum") || schema.has("const");
    }

    private static boolean tagged(Schema one, Schema other) {
        for (JsonNode name : one.node().path("required")) {
            boolean both = false;
            for (JsonNode second : other.node().path("required")) {
                both |= second.equals(name);
            }
            if (both && differ(one, other, name.asText())) {
                return true;
            }
        }
        return false;
    }

    private static boolean differ(Schema one, Schema other, String name) {
        if (!one.node().path("properties").has(name)
                || !other.node().path("properties").has(name)) {
            return false;
        }
        Schema a = one.child("properties", name);
        Schema b = other.child("properties", name);
        return lists(a) && lists(b) && disjoint(a.enumerated(), b.enumerated());
    }

    private static boolean disjoint(List<JsonNode> one, List<JsonNode> other) {
        Set<Object> common = new HashSet<>();
        one.forEach(value -> common.add(comparable(value)));
        return other.stream().noneMatch(value -> common.contains(comparable(value)));
    }

    /** 1 and 1.0 are the same number. */
    private static Object comparable(JsonNode value) {
        return value.isNumber() ? value.decimalValue().stripTrailingZeros() : value;
    }
}
