// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io.grammar;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.Json;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** Which keywords of JSON Schema are understood, and which may stand beside which. */
final class Keywords {
    /** Restricts nothing where it stands, but adds null to what the others allow. */
    private static final String NULLABLE = "nullable";

    /** Those that describe and restrict nothing. */
    private static final Set<String> DESCRIBING = Set.of(
            "$anchor",
            "$comment",
            "$defs",
            "$id",
            "$schema",
            "contentEncoding",
            "contentMediaType",
            "default",
            "definitions",
            "deprecated",
            "description",
            "discriminator",
            "example",
            "examples",
            "externalDocs",
            NULLABLE,
            "readOnly",
            "strict",
            "title",
            "writeOnly",
            "xml");

    /** Those that decide all about the values: nothing else may restrict them too. */
    private static final List<String> DECIDING = List.of("$ref", "enum", "const", "anyOf", "oneOf", "allOf");

    /** Those whose lists and objects are no schemas. */
    private static final Set<String> VALUES = Set.of("enum", "const", "type");

    private Keywords() {}

    private static boolean describes(String keyword) {
        return DESCRIBING.contains(keyword) || keyword.startsWith("x-");
    }

    /**
     * What a schema says of its values, without what only describes: schemas with equal ones have the same values. Empty if
     * it has other schemas in it, whose words would have to be left out too.
     */
    static Optional<JsonNode> meaning(Schema schema) {
        if (!(schema.node() instanceof ObjectNode node)) {
            return Optional.of(schema.node());
        }
        ObjectNode meaning = Json.object();
        for (Map.Entry<String, JsonNode> keyword : node.properties()) {
            String name = keyword.getKey();
            if (describes(name) && !name.equals(NULLABLE)) {
                continue;
            }
            if (keyword.getValue().isContainerNode() && !VALUES.contains(name)) {
                return Optional.empty();
            }
            meaning.set(name, keyword.getValue());
        }
        return Optional.of(meaning);
    }

    /** @throws dev.jacobian.io.FormatException if a keyword is not understood, or not beside another */
    static void require(Schema schema) {
        List<String> restricting = new ArrayList<>();
        schema.node().fieldNames().forEachRemaining(keyword -> {
            if (!describes(keyword)) {
                restricting.add(keyword);
            }
        });
        for (String keyword : restricting) {
            requireKnown(schema, keyword);
        }
        for (String deciding : DECIDING) {
            if (restricting.contains(deciding)) {
                requireAlone(schema, deciding, restricting);
                return;
            }
        }
        requireOfType(schema, restricting);
    }

    private static void requireKnown(Schema schema, String keyword) {
        boolean harmless = keyword.equals("uniqueItems")
                        && schema.node().get(keyword).equals(com.fasterxml.jackson.databind.node.BooleanNode.FALSE)
                || Set.of("minProperties").contains(keyword)
                        && schema.node().get(keyword).asLong(1) == 0;
        if (!harmless
                && !keyword.equals("type")
                && !DECIDING.contains(keyword)
                && Schema.typeOf(keyword).isEmpty()) {
            throw schema.error(
                    "the keyword '" + keyword + "' is not supported",
                    "Leave it out and check it afterwards, or describe the values without it");
        }
    }

    private static void requireAlone(Schema schema, String deciding, List<String> restricting) {
        for (String other : restricting) {
            boolean enumerated = (deciding.equals("enum") || deciding.equals("const"))
                    && Set.of("enum", "const", "type").contains(other);
            if (!other.equals(deciding) && !enumerated) {
                throw schema.error(
                        "'" + other + "' beside '" + deciding + "' is not supported",
                        "Write all that restricts the values into one of them");
            }
        }
    }

    private static void requireOfType(Schema schema, List<String> restricting) {
        Set<String> types = schema.types();
        for (String keyword : restricting) {
            String type = Schema.typeOf(keyword).orElse("");
            boolean integer = type.equals("number") && types.contains("integer");
            if (!type.isEmpty() && !types.contains(type) && !integer) {
                throw schema.error(
                        "'" + keyword + "' says nothing about values of type " + String.join(", ", types),
                        "Leave it out, or correct 'type'");
            }
        }
    }
}
