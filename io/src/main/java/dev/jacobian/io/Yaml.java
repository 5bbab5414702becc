// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * The part of YAML that configurations are written in, as the tree that JSON gives.
 *
 * <p>Decisions:
 *
 * <ul>
 *   <li>Read are mappings and lists by indentation, {@code [flow, lists]} and <code>{flow: mappings}</code> on one line, scalars plain, in
 *       single or in double quotes, and comments. JSON on one line is YAML too.
 *   <li>Plain scalars mean what YAML 1.1 makes of them, which is what Python's loader knows: numbers, {@code null} and {@code ~}, and {@code
 *       true}, {@code yes}, {@code on} and their opposites as switches. All else is text.
 *   <li>What is not read is an error with its line, never a guess: anchors and aliases, tags, blocks of text, several documents, tabs as
 *       indentation, a repeated key.
 * </ul>
 */
public final class Yaml {
    private static final long MAX_BYTES = 1 << 20;
    private static final int MAX_DEPTH = 50;
    private static final JsonNodeFactory NODES = JsonNodeFactory.instance;

    private final List<Line> lines = new ArrayList<>();
    private final String where;
    private int next;

    /** A line that says something: what stands behind its blanks, and how many there are. */
    private record Line(int number, int indent, String text) {}

    private Yaml(String where) {
        this.where = where;
    }

    /**
     * Reads a file.
     *
     * @throws FormatException if it is something else, naming the line
     * @throws java.io.UncheckedIOException if it cannot be read
     */
    public static JsonNode read(Path file) {
        byte[] bytes = InputFiles.read(file, MAX_BYTES, "YAML files");
        try {
            return parse(
                    StandardCharsets.UTF_8
                            .newDecoder()
                            .decode(ByteBuffer.wrap(bytes))
                            .toString(),
                    file.toString());
        } catch (CharacterCodingException e) {
            throw new FormatException(file.toString(), "the file is not UTF-8", "Save it as UTF-8", e);
        }
    }

    /** Reads a text; {@code where} names it in messages. */
    public static JsonNode parse(String text, String where) {
        Yaml yaml = new Yaml(where);
        yaml.split(text);
        if (yaml.lines.isEmpty()) {
            return NODES.nullNode();
        }
        JsonNode root = yaml.block(yaml.lines.getFirst().indent(), 0);
        if (yaml.next < yaml.lines.size()) {
            throw yaml.wrong(
                    yaml.lines.get(yaml.next), "the line belongs to nothing above it", "Check its indentation");
        }
        return root;
    }

    private void split(String text) {
        List<String> all = text.lines().toList();
        for (int i = 0; i < all.size(); i++) {
            String raw = i == 0 && all.get(0).startsWith("\uFEFF") ? all.get(0).substring(1) : all.get(i);
            String said = withoutComment(raw).stripTrailing();
            if (said.isBlank() || said.equals("---") && lines.isEmpty() || said.equals("...") && i == all.size() - 1) {
                continue;
            }
            String body = said.stripLeading();
            Line line = new Line(i + 1, said.length() - body.length(), body);
            if (said.substring(0, line.indent()).indexOf('\t') >= 0) {
                throw wrong(line, "a tab is part of the indentation", "Indent with blanks");
            }
            if (said.startsWith("---") || said.startsWith("%")) {
                throw wrong(line, "a second document or a directive begins", "Keep one plain document in the file");
            }
            lines.add(line);
        }
    }

    private static String withoutComment(String raw) {
        char quote = 0;
        for (int i = 0; i < raw.length(); i++) {
            char c = raw.charAt(i);
            boolean opens = i == 0 || " \t[{,:-".indexOf(raw.charAt(i - 1)) >= 0;
            if (quote != 0) {
                if (c == '\\' && quote == '"') {
                    i++;
                } else if (c == quote) {
                    quote = 0;
                }
            } else if ((c == '"' || c == '\'') && opens) {
                quote = c;
            } else if (c == '#' && (i == 0 || Character.isWhitespace(raw.charAt(i - 1)))) {
                return raw.substring(0, i);
            }
        }
        return raw;
    }

    /** What begins at the next line, which has the given indentation. */
    private JsonNode block(int indent, int depth) {
        Line line = lines.get(next);
        if (depth > MAX_DEPTH) {
            throw wrong(line, "more than " + MAX_DEPTH + " levels are nested", "Check that this is the right file");
        }
        if (isItem(line.text())) {
            return list(indent, depth);
        }
        if (keyEnd(line.text()) < 0) {
            next++;
            return value(line.text(), line, depth);
        }
        return mapping(indent, depth);
    }

    private static boolean isItem(String text) {
        return text.equals("-") || text.startsWith("- ");
    }

    private ArrayNode list(int indent, int depth) {
        ArrayNode list = NODES.arrayNode();
        while (next < lines.size()
                && lines.get(next).indent() == indent
                && isItem(lines.get(next).text())) {
            Line line = lines.get(next);
            String rest = line.text().substring(1).stripLeading();
            if (rest.isEmpty()) {
                next++;
                list.add(below(line, indent + 1, depth));
            } else { // what stands behind the dash is a block of its own, as deep as it stands
                int deeper = indent + line.text().length() - rest.length();
                lines.set(next, new Line(line.number(), deeper, rest));
                list.add(block(deeper, depth + 1));
            }
        }
        return list;
    }

    private ObjectNode mapping(int indent, int depth) {
        ObjectNode mapping = NODES.objectNode();
        while (next < lines.size()
                && lines.get(next).indent() == indent
                && !isItem(lines.get(next).text())) {
            Line line = lines.get(next++);
            int end = keyEnd(line.text());
            if (end <= 0) {
                throw wrong(line, "'" + line.text() + "' has no key", "Write key: value");
            }
            String key =
                    value(line.text().substring(0, end).strip(), line, depth).asText();
            if (mapping.has(key)) {
                throw wrong(line, "the key '" + key + "' is there twice", "Keep one of them");
            }
            String rest = line.text().substring(end + 1).strip();
            mapping.set(key, rest.isEmpty() ? underKey(line, indent, depth) : value(rest, line, depth));
        }
        return mapping;
    }

    /** The value of a key with nothing behind it; the dashes of a list may stand as deep as the key. */
    private JsonNode underKey(Line key, int indent, int depth) {
        boolean isList = next < lines.size()
                && lines.get(next).indent() == indent
                && isItem(lines.get(next).text());
        return isList ? list(indent, depth + 1) : below(key, indent + 1, depth);
    }

    private JsonNode below(Line line, int least, int depth) {
        if (next >= lines.size() || lines.get(next).indent() < least) {
            return NODES.nullNode();
        }
        JsonNode block = block(lines.get(next).indent(), depth + 1);
        if (next < lines.size() && lines.get(next).indent() >= least) {
            throw wrong(
                    lines.get(next), "the indentation is none of those above, below line " + line.number(), "Align it");
        }
        return block;
    }

    /** Where the colon behind a key stands; -1 if there is none. */
    private static int keyEnd(String text) {
        if (text.startsWith("[") || text.startsWith("{")) {
            return -1;
        }
        int from = 0;
        if (text.startsWith("\"") || text.startsWith("'")) {
            from = text.indexOf(text.charAt(0), 1) + 1;
            if (from == 0) {
                return -1;
            }
            return text.startsWith(":", from) ? from : -1;
        }
        for (int i = from; i < text.length(); i++) {
            if (text.charAt(i) == ':' && (i + 1 == text.length() || text.charAt(i + 1) == ' ')) {
                return i;
            }
        }
        return -1;
    }

    private JsonNode value(String text, Line line, int depth) {
        char first = text.charAt(0);
        if (first == '[' || first == '{') {
            Flow flow = new Flow(text, line, depth);
            JsonNode node = flow.node(depth);
            flow.requireEnd();
            return node;
        }
        if (first == '"' || first == '\'') {
            Flow flow = new Flow(text, line, depth);
            JsonNode node = flow.node(depth);
            flow.requireEnd();
            return node;
        }
        return plain(text, line);
    }

    private JsonNode plain(String text, Line line) {
        if ("&*!|>@`%?".indexOf(text.charAt(0)) >= 0) {
            throw wrong(
                    line,
                    "'" + text + "' begins with " + text.charAt(0)
                            + ", which in YAML is an anchor, an alias, a tag or a block of text, and not read here",
                    "Write the value out on one line, or in quotes if it is text");
        }
        switch (text) {
            case "null", "Null", "NULL", "~" -> {
                return NODES.nullNode();
            }
            case "true", "True", "TRUE", "yes", "Yes", "YES", "on", "On", "ON" -> {
                return NODES.booleanNode(true);
            }
            case "false", "False", "FALSE", "no", "No", "NO", "off", "Off", "OFF" -> {
                return NODES.booleanNode(false);
            }
            default -> {
                // a number or text
            }
        }
        if (text.matches("[-+]?\\d{1,18}")) {
            long number = Long.parseLong(text);
            return number == (int) number ? NODES.numberNode((int) number) : NODES.numberNode(number);
        }
        if (text.matches("[-+]?(\\d+\\.\\d*|\\.\\d+|\\d+)([eE][-+]?\\d{1,4})?")) {
            return NODES.numberNode(Double.parseDouble(text));
        }
        return NODES.textNode(text);
    }

    private FormatException wrong(Line line, String what, String fix) {
        return new FormatException(where + ", line " + line.number(), what, fix);
    }

    /** Values in brackets and quotes, which stand on one line. */
    private final class Flow {
        private final String text;
        private final Line line;
        private final int outer;
        private int at;

        Flow(String text, Line line, int outer) {
            this.text = text;
            this.line = line;
            this.outer = outer;
        }

        JsonNode node(int depth) {
            if (depth > MAX_DEPTH + outer) {
                throw wrong(
                        line, "more than " + MAX_DEPTH + " brackets are nested", "Check that this is the right file");
            }
            blanks();
            char c = peek();
            return switch (c) {
                case '[' -> array(depth);
                case '{' -> object(depth);
                case '"' -> quoted();
                case '\'' -> single();
                default -> {
                    int from = at;
                    while (at < text.length() && !ends(text.charAt(at))) {
                        at++;
                    }
                    String plain = text.substring(from, at).strip();
                    if (plain.isEmpty()) {
                        throw wrong(line, "a value is missing in " + text, "Remove the comma or write the value");
                    }
                    yield plain(plain, line);
                }
            };
        }

        private boolean ends(char c) {
            return c == ','
                    || c == ']'
                    || c == '}'
                    || c == ':' && (at + 1 == text.length() || text.charAt(at + 1) == ' ');
        }

        private ArrayNode array(int depth) {
            ArrayNode list = NODES.arrayNode();
            at++;
            for (blanks(); peek() != ']'; separator(']')) {
                list.add(node(depth + 1));
            }
            at++;
            return list;
        }

        private ObjectNode object(int depth) {
            ObjectNode mapping = NODES.objectNode();
            at++;
            for (blanks(); peek() != '}'; separator('}')) {
                String key = node(depth + 1).asText();
                blanks();
                if (peek() != ':') {
                    throw wrong(line, "the key '" + key + "' has no value in " + text, "Write {key: value}");
                }
                at++;
                if (mapping.has(key)) {
                    throw wrong(line, "the key '" + key + "' is there twice", "Keep one of them");
                }
                mapping.set(key, node(depth + 1));
            }
            at++;
            return mapping;
        }

        private void separator(char end) {
            blanks();
            if (peek() == ',') {
                at++;
                blanks();
            } else if (peek() != end) {
                throw wrong(line, "there is no comma before '" + text.substring(at) + "'", "Separate values by commas");
            }
        }

        private JsonNode quoted() {
            int from = at++;
            while (at < text.length() && text.charAt(at) != '"') {
                at += text.charAt(at) == '\\' ? 2 : 1;
            }
            peek();
            at++;
            return Json.parse(
                    text.substring(from, at).getBytes(StandardCharsets.UTF_8), where + ", line " + line.number());
        }

        private JsonNode single() {
            StringBuilder out = new StringBuilder();
            at++;
            while (peek() != '\'' || text.startsWith("''", at)) {
                out.append(peek());
                at += peek() == '\'' ? 2 : 1;
            }
            at++;
            return NODES.textNode(out.toString());
        }

        private void blanks() {
            while (at < text.length() && text.charAt(at) == ' ') {
                at++;
            }
        }

        private char peek() {
            if (at >= text.length()) {
                throw wrong(
                        line,
                        "a bracket or quote is not closed: " + text,
                        "Close it on the line on which it was opened");
            }
            return text.charAt(at);
        }

        void requireEnd() {
            blanks();
            if (at < text.length()) {
                throw wrong(line, "'" + text.substring(at) + "' stands behind a value", "Quote the text, or remove it");
            }
        }
    }
}
