// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io;

import com.fasterxml.jackson.core.JsonParseException;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.tensor.Nullable;
import java.io.IOException;

/**
 * Builds the tree of one JSON document and counts what it costs.
 *
 * <p>A document of {@code [{},{},…]} takes fifty times its own size as a tree, so a limit on bytes bounds no memory. Here
 * every node is charged what it takes on a 64-bit JVM, and a document that would take more than its budget is refused while
 * there is memory left to say so.
 */
final class JsonTree {
    private static final JsonNodeFactory NODES = JsonNodeFactory.instance;

    // Bytes with compressed references: header, fields, and what the collections inside hold.
    private static final int OBJECT = 160;
    private static final int FIELD = 96; // entry, share of the table, the name's String without its characters
    private static final int ARRAY = 104;
    private static final int ELEMENT = 6;
    private static final int TEXT = 56;
    private static final int NUMBER = 24;

    private final JsonParser parser;
    private final long budget;
    private long bytes;
    private long values;

    JsonTree(JsonParser parser, long budget) {
        this.parser = parser;
        this.budget = budget;
    }

    /** The document's tree went over its budget. */
    static final class TooLarge extends RuntimeException {
        private static final long serialVersionUID = 1L;

        private final long values;
        private final long budget;

        TooLarge(long values, long budget) {
            super(null, null, false, false);
            this.values = values;
            this.budget = budget;
        }

        FormatException at(String where) {
            return new FormatException(
                    where,
                    "as a tree in memory the document takes more than " + (budget >> 20) + " MiB (after " + values
                            + " values), and the heap may grow to "
                            + (Runtime.getRuntime().maxMemory() >> 20) + " MiB",
                    "Check that this is the right file; if it is, give the JVM more with -Xmx, for instance"
                            + " JACOBIAN_JAVA_OPTS=-Xmx4g");
        }
    }

    /**
     * The value that the parser is about to read, and nothing behind it; null if there is none.
     *
     * @throws TooLarge if the tree would take more than the budget
     */
    @Nullable
    JsonNode document() throws IOException {
        if (parser.nextToken() == null) {
            return null;
        }
        JsonNode root = value(parser.currentToken());
        if (parser.nextToken() != null) {
            throw new JsonParseException(parser, "there is more behind the end of the value");
        }
        return root;
    }

    /**
     * The value whose first token the parser is at, for one of many values of a document.
     *
     * @throws TooLarge if its tree would take more than the budget
     */
    JsonNode element() throws IOException {
        return value(parser.currentToken());
    }

    /** Recursive, because the parser limits the depth. */
    private JsonNode value(JsonToken token) throws IOException {
        values++;
        return switch (token) {
            case START_OBJECT -> object();
            case START_ARRAY -> array();
            case VALUE_STRING -> {
                String text = parser.getText();
                requireWhole(text);
                charge(TEXT + text.length());
                yield NODES.textNode(text);
            }
            case VALUE_NUMBER_INT -> {
                charge(NUMBER);
                yield switch (parser.getNumberType()) {
                    case INT -> NODES.numberNode(parser.getIntValue());
                    case LONG -> NODES.numberNode(parser.getLongValue());
                    default -> {
                        charge(parser.getTextLength());
                        yield NODES.numberNode(parser.getBigIntegerValue());
                    }
                };
            }
            case VALUE_NUMBER_FLOAT -> {
                charge(NUMBER);
                yield NODES.numberNode(parser.getDoubleValue());
            }
            case VALUE_TRUE -> NODES.booleanNode(true);
            case VALUE_FALSE -> NODES.booleanNode(false);
            case VALUE_NULL -> NODES.nullNode();
            default -> throw new JsonParseException(parser, "unexpected " + token);
        };
    }

    private ObjectNode object() throws IOException {
        charge(OBJECT);
        ObjectNode object = NODES.objectNode();
        while (parser.nextToken() != JsonToken.END_OBJECT) {
            String name = parser.currentName();
            requireWhole(name);
            if (object.has(name)) {
                throw new JsonParseException(parser, "Duplicate field '" + name + "'");
            }
            charge(FIELD + name.length());
            object.set(name, value(parser.nextToken()));
        }
        return object;
    }

    private ArrayNode array() throws IOException {
        charge(ARRAY);
        ArrayNode array = NODES.arrayNode();
        for (JsonToken token; (token = parser.nextToken()) != JsonToken.END_ARRAY; ) {
            charge(ELEMENT);
            array.add(value(token));
        }
        return array;
    }

    private void charge(int cost) {
        bytes += cost;
        if (bytes > budget) {
            throw new TooLarge(values, budget);
        }
    }

    /** An escape such as {@code \ud83d} alone is half a character: it has no UTF-8 form and cannot name a file. */
    private void requireWhole(String text) throws JsonParseException {
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (!Character.isSurrogate(c)) {
                continue;
            }
            if (Character.isLowSurrogate(c)
                    || i + 1 == text.length()
                    || !Character.isLowSurrogate(text.charAt(i + 1))) {
                throw new JsonParseException(
                        parser, "\\u%04x stands alone, half of a character that takes two of them".formatted((int) c));
            }
            i++;
        }
    }
}
