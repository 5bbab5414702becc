// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.testing.fuzz;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;

/**
 * Mutations of a JSON document that leave it JSON: what a reader meets is well-formed and wrong, and so it gets past the
 * parser, which random bytes do not.
 */
public final class JsonMutator {
    private static final JsonNodeFactory NODES = JsonNodeFactory.instance;
    private static final int MOST_CHANGES = 3;
    private static final int MOST_COPIES = 40;

    private static final List<String> TEXTS = List.of(
            "",
            " ",
            "\0",
            "\u001b[2J",
            "\ud800",
            "\u0301\u0301",
            "\uD83D\uDE00",
            "../../etc/passwd",
            "/dev/zero",
            "a|b",
            "(a+)+$",
            "(?:x*)*y",
            "(?<=a{1,9999})",
            "\\p{Lu}[^\\s]{0,99999}",
            "[",
            "default",
            "linear",
            "yarn",
            "NFKC",
            "{{ x }}",
            "Sequence",
            "a".repeat(5000));

    private static final List<JsonNode> VALUES = List.of(
            NODES.nullNode(),
            NODES.booleanNode(true),
            NODES.booleanNode(false),
            NODES.numberNode(0),
            NODES.numberNode(-1),
            NODES.numberNode(1),
            NODES.numberNode(Integer.MAX_VALUE),
            NODES.numberNode(Integer.MIN_VALUE),
            NODES.numberNode(1L << 40),
            NODES.numberNode(Long.MAX_VALUE),
            NODES.numberNode(BigInteger.ONE.shiftLeft(200)),
            NODES.numberNode(0.5),
            NODES.numberNode(-0.0),
            NODES.numberNode(1e308),
            NODES.numberNode(1e-320),
            NODES.arrayNode(),
            NODES.objectNode());

    private JsonMutator() {}

    /** A copy of a document with a few of its nodes changed, removed, repeated or exchanged. */
    public static JsonNode mutate(JsonNode original, Choices choices) {
        ObjectNode root = NODES.objectNode();
        root.set("root", original.deepCopy()); // so that every node has a parent
        for (int change = choices.below(MOST_CHANGES) + 1; change > 0; change--) {
            List<Slot> slots = new ArrayList<>();
            collect(root, slots);
            change(slots, choices);
        }
        return root.path("root");
    }

    /** A place in a document: a field of an object or an element of an array. */
    private record Slot(JsonNode parent, String field, int index) {
        JsonNode get() {
            return parent instanceof ObjectNode object ? object.get(field) : parent.get(index);
        }

        void set(JsonNode value) {
            if (parent instanceof ObjectNode object) {
                object.set(field, value);
            } else {
                ((ArrayNode) parent).set(index, value);
            }
        }
    }

    private static void collect(JsonNode parent, List<Slot> slots) {
        if (parent instanceof ObjectNode object) {
            object.properties().forEach(entry -> {
                slots.add(new Slot(parent, entry.getKey(), 0));
                collect(entry.getValue(), slots);
            });
        } else if (parent instanceof ArrayNode array) {
            for (int i = 0; i < array.size(); i++) {
                slots.add(new Slot(parent, "", i));
                collect(array.get(i), slots);
            }
        }
    }

    private static void change(List<Slot> slots, Choices choices) {
        if (slots.isEmpty()) {
            return;
        }
        Slot slot = choices.of(slots);
        JsonNode value = slot.get();
        switch (choices.below(8)) {
            case 0 -> slot.set(choices.of(VALUES));
            case 1 -> slot.set(NODES.textNode(choices.of(TEXTS)));
            case 2 -> slot.set(altered(value, choices));
            case 3 -> remove(slot);
            case 4 -> slot.set(choices.of(slots).get().deepCopy());
            case 5 -> slot.set(NODES.arrayNode().add(value));
            case 6 -> slot.set(NODES.objectNode().set(choices.of(TEXTS), value));
            default -> repeat(value, choices);
        }
    }

    private static JsonNode altered(JsonNode value, Choices choices) {
        if (value.isIntegralNumber()) {
            long number = value.asLong();
            return NODES.numberNode(
                    switch (choices.below(5)) {
                        case 0 -> number + 1;
                        case 1 -> number - 1;
                        case 2 -> -number;
                        case 3 -> number * 1000;
                        default -> number << choices.below(32);
                    });
        }
        if (value.isNumber()) {
            return NODES.numberNode(value.asDouble() * (choices.oneIn(2) ? -1 : Math.pow(10, choices.below(40) - 20)));
        }
        if (value.isTextual()) {
            String text = value.asText();
            int at = choices.below(text.length() + 1);
            return NODES.textNode(
                    text.substring(0, at) + choices.of(TEXTS) + (choices.oneIn(2) ? text.substring(at) : ""));
        }
        return value.isBoolean() ? NODES.booleanNode(!value.asBoolean()) : value;
    }

    private static void remove(Slot slot) {
        if (slot.parent() instanceof ObjectNode object) {
            object.remove(slot.field());
        } else {
            ((ArrayNode) slot.parent()).remove(slot.index());
        }
    }

    /** Elements and fields of a container many times over. */
    private static void repeat(JsonNode value, Choices choices) {
        int copies = choices.below(MOST_COPIES);
        if (value instanceof ArrayNode array && !array.isEmpty()) {
            JsonNode element = array.get(choices.below(array.size()));
            for (int i = 0; i < copies; i++) {
                array.add(element.deepCopy());
            }
        } else if (value instanceof ObjectNode object && !object.isEmpty()) {
            JsonNode field = object.properties().iterator().next().getValue().deepCopy();
            for (int i = 0; i < copies; i++) {
                object.set(choices.of(TEXTS) + i, field.deepCopy());
            }
        }
    }
}
