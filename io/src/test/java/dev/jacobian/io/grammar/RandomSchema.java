// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io.grammar;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.Json;
import dev.jacobian.testing.fuzz.Choices;
import java.math.BigDecimal;
import java.util.List;

/** Random schemas of what is supported. */
final class RandomSchema {
    private static final List<String> NAMES = List.of("a", "ab", "name", "größe", "q\"uote", "", "x/y~z");
    private static final List<String> FORMATS =
            List.of("date", "time", "date-time", "uuid", "ipv4", "ipv6", "hostname", "duration", "uri");
    private static final List<String> BOUNDS =
            List.of("0", "-1", "1", "7", "-12.5", "99", "100", "3.14159", "0.001", "-0.1", "250", "1e3", "-1000000");

    private RandomSchema() {}

    static JsonNode of(Choices choices) {
        ObjectNode root = schema(choices, 3);
        ObjectNode defs = Json.object();
        ObjectNode list = Json.object().put("type", "object");
        list.putObject("properties").putObject("value").put("type", "integer");
        ((ObjectNode) list.get("properties"))
                .putObject("next")
                .putArray("anyOf")
                .add(Json.object().put("$ref", "#/$defs/list"))
                .add(Json.object().put("type", "null"));
        list.putArray("required").add("next");
        defs.set("list", list);
        root.set("$defs", defs);
        return root;
    }

    private static ObjectNode schema(Choices choices, int depth) {
        ObjectNode schema = Json.object();
        int kind = choices.below(depth == 0 ? 6 : 12);
        switch (kind) {
            case 0 -> schema.put("type", "boolean").put("title", "ignored");
            case 1 -> bounded(schema.put("type", "integer"), choices);
            case 2 -> bounded(schema.put("type", "number"), choices);
            case 3 -> string(schema.put("type", "string"), choices);
            case 4 -> {
                ArrayNode values = schema.putArray("enum");
                values.add("red").add("re").add(5).add(true).addNull();
                values.addObject().put("k", 1.5).putArray("l").add("\\\"\n");
            }
            case 5 -> schema.putArray("type").add("string").add("null").add("integer");
            case 6, 7, 8 -> object(schema.put("type", "object"), choices, depth);
            case 9 -> array(schema.put("type", "array"), choices, depth);
            case 10 -> {
                ArrayNode ways = schema.putArray("anyOf");
                ways.add(schema(choices, depth - 1)).add(schema(choices, depth - 1));
            }
            default -> schema.put("$ref", "#/$defs/list");
        }
        return schema;
    }

    private static void bounded(ObjectNode schema, Choices choices) {
        BigDecimal one = new BigDecimal(choices.of(BOUNDS));
        BigDecimal other = one.add(new BigDecimal(choices.of(List.of("1", "0.5", "2.25", "30", "1000", "0.75"))));
        if (choices.oneIn(2)) {
            schema.put(choices.oneIn(2) ? "minimum" : "exclusiveMinimum", one);
        }
        if (choices.oneIn(2)) {
            // an integer must fit between two exclusive bounds that are no integers
            schema.put(choices.oneIn(2) ? "maximum" : "exclusiveMaximum", other.add(BigDecimal.ONE));
        }
    }

    private static void string(ObjectNode schema, Choices choices) {
        switch (choices.below(4)) {
            case 0 -> schema.put("format", choices.of(FORMATS));
            case 1 -> schema.put("minLength", choices.below(3)).put("maxLength", 3 + choices.below(4));
            case 2 ->
                schema.put(
                        "pattern",
                        choices.of(List.of("^[a-z]{2,4}$", "b+", "^\"?\\\\n$", "é|ü", "^\\d", "[\\t\\x01]$")));
            default -> {}
        }
    }

    private static void object(ObjectNode schema, Choices choices, int depth) {
        ObjectNode properties = schema.putObject("properties");
        ArrayNode required = schema.putArray("required");
        for (int i = choices.below(4); i > 0; i--) {
            String name = choices.of(NAMES);
            properties.set(name, schema(choices, depth - 1));
        }
        properties.fieldNames().forEachRemaining(name -> {
            if (choices.oneIn(2)) {
                required.add(name);
            }
        });
        switch (choices.below(4)) {
            case 0 -> schema.put("additionalProperties", true);
            case 1 -> schema.set("additionalProperties", schema(choices, 0));
            default -> schema.put("additionalProperties", false);
        }
    }

    private static void array(ObjectNode schema, Choices choices, int depth) {
        schema.set("items", schema(choices, depth - 1));
        if (choices.oneIn(3)) {
            schema.putArray("prefixItems").add(schema(choices, depth - 1));
        }
        if (choices.oneIn(2)) {
            schema.put("minItems", choices.below(3));
        }
        if (choices.oneIn(2)) {
            schema.put("maxItems", 2 + choices.below(3));
        }
    }
}
