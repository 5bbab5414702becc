// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.PushbackReader;
import java.io.Reader;
import java.io.StringReader;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Map;

/**
 * Strict JSON (RFC 8259) in and deterministic JSON out.
 *
 * <p>Decisions:
 *
 * <ul>
 *   <li>A repeated key, a byte that is not UTF-8, half of a surrogate pair, a NaN, or anything after the value is an
 *       error, never a guess: these files decide what numbers a model computes. One thing is forgiven: a byte order mark
 *       at the beginning of a file, which editors leave there.
 *   <li>Depth, string length, file size and the memory of the tree ({@link JsonTree}: half the heap) are limited, so that a
 *       hostile file fails with a message and not with a {@link StackOverflowError} or an {@link OutOfMemoryError}.
 *   <li>A file is parsed as it is read: its bytes and the tree are never in memory together.
 *   <li>Output is indented by two spaces with keys in the order of the tree and {@code \n} as the line end on every
 *       platform: the same tree is the same bytes.
 * </ul>
 */
public final class Json {
    /** Deepest nesting that is read. Tool schemas in chat templates nest deepest, to about twenty. */
    public static final int MAX_DEPTH = 200;

    /** Longest JSON document that is read, in bytes. The largest published {@code tokenizer.json} has about 40 MB. */
    public static final long MAX_BYTES = 512L << 20;

    private static final int MAX_STRING = 64 << 20;
    private static final int MAX_NAME = 1 << 20;
    private static final char BYTE_ORDER_MARK = '\uFEFF';

    /** Longest excerpt of a document in an error message, in characters. */
    private static final int EXCERPT = 60;

    static final JsonFactory STRICT = JsonFactory.builder()
            .streamReadConstraints(StreamReadConstraints.builder()
                    .maxNestingDepth(MAX_DEPTH)
                    .maxStringLength(MAX_STRING)
                    .maxNameLength(MAX_NAME)
                    .maxDocumentLength(MAX_BYTES)
                    .build())
            // Names in these files are data (a vocabulary), so interning them would only fill the string table.
            .configure(JsonFactory.Feature.INTERN_FIELD_NAMES, false)
            .configure(JsonFactory.Feature.CANONICALIZE_FIELD_NAMES, false)
            .build();

    private Json() {}

    /** A new empty object. */
    public static ObjectNode object() {
        return JsonNodeFactory.instance.objectNode();
    }

    /**
     * Reads one JSON value from a UTF-8 file.
     *
     * @throws FormatException if the file is not strict JSON or no regular file; the message has file, line and column
     * @throws UncheckedIOException if the file cannot be read
     */
    public static JsonNode read(Path file) {
        long size = InputFiles.requireRegular(file);
        if (size > MAX_BYTES) {
            throw new FormatException(
                    file.toString(),
                    "the file has " + size + " bytes; JSON files up to " + MAX_BYTES + " bytes are read",
                    "Check that this is the right file");
        }
        try (InputStream in = Files.newInputStream(file)) {
            return parse(in, file.toString());
        } catch (CharacterCodingException e) {
            throw notUtf8(InputFiles.read(file, MAX_BYTES, "JSON files"), file.toString(), e);
        } catch (NoSuchFileException e) {
            throw new UncheckedIOException("No such file: " + file, e);
        } catch (IOException e) {
            throw new UncheckedIOException("Cannot read " + file + ": " + e.getMessage(), e);
        }
    }

    /** Reads one JSON value from UTF-8 bytes; {@code where} names the source in error messages. */
    public static JsonNode parse(byte[] utf8, String where) {
        try {
            return parse(new ByteArrayInputStream(utf8), where);
        } catch (CharacterCodingException e) {
            throw notUtf8(utf8, where, e);
        } catch (IOException e) {
            throw new AssertionError("reading from memory", e);
        }
    }

    /** As {@link #parse(byte[], String)}, from the remaining bytes of a buffer. */
    public static JsonNode parse(ByteBuffer utf8, String where) {
        byte[] bytes = new byte[utf8.remaining()];
        utf8.duplicate().get(bytes);
        return parse(bytes, where);
    }

    private static JsonNode parse(InputStream in, String where) throws IOException {
        // Decoded before the parser sees it, because one that sees bytes would also guess at UTF-16 and UTF-32.
        PushbackReader characters = new PushbackReader(new InputStreamReader(in, strictUtf8()));
        int first = characters.read();
        if (first >= 0 && first != BYTE_ORDER_MARK) {
            characters.unread(first);
        }
        return tree(characters, where);
    }

    /** Reads one JSON value from a string; {@code where} names the source in error messages. */
    public static JsonNode parse(String text, String where) {
        try {
            return tree(new StringReader(text), where);
        } catch (IOException e) {
            throw new AssertionError("reading from memory", e);
        }
    }

    private static JsonNode tree(Reader text, String where) throws IOException {
        JsonNode node;
        try (JsonParser parser = STRICT.createParser(text)) {
            node = new JsonTree(parser, Runtime.getRuntime().maxMemory() / 2).document();
        } catch (JsonTree.TooLarge e) {
            throw e.at(where);
        } catch (JsonProcessingException e) {
            throw invalid(where, e);
        }
        if (node == null) {
            throw new FormatException(where, "empty: a JSON value was expected", "Fetch or write the file again");
        }
        return node;
    }

    /** What the parser complains of, in our words and with the place. */
    static FormatException invalid(String where, JsonProcessingException e) {
        JsonLocation at = e.getLocation();
        String place = at == null ? where : where + ", line " + at.getLineNr() + ", column " + at.getColumnNr();
        return new FormatException(
                place,
                "not valid JSON: " + withoutItsOwnNames(firstLine(e.getOriginalMessage())),
                "Correct the file, or fetch it again if it was cut short in a download",
                e);
    }

    static CharsetDecoder strictUtf8() {
        return StandardCharsets.UTF_8
                .newDecoder()
                .onMalformedInput(CodingErrorAction.REPORT)
                .onUnmappableCharacter(CodingErrorAction.REPORT);
    }

    private static FormatException notUtf8(byte[] bytes, String where, CharacterCodingException cause) {
        ByteBuffer rest = ByteBuffer.wrap(bytes);
        strictUtf8().decode(rest, CharBuffer.allocate(bytes.length), true); // stops before what it cannot decode
        return new FormatException(
                where,
                "not UTF-8 (the first bad byte is at offset " + rest.position() + ")",
                "JSON files are UTF-8; save the file again in that encoding",
                cause);
    }

    /** The value as JSON, cut to what an error message has room for, whatever its size. */
    public static String excerpt(JsonNode node) {
        StringBuilder out = new StringBuilder();
        excerpt(node, out);
        return out.length() <= EXCERPT ? out.toString() : out.substring(0, EXCERPT - 3) + "...";
    }

    private static void excerpt(JsonNode node, StringBuilder out) {
        if (out.length() > EXCERPT) {
            return;
        }
        if (node.isMissingNode()) {
            out.append("nothing");
        } else if (node.isTextual()) {
            String text = node.textValue();
            out.append(quoted(text.length() > EXCERPT ? text.substring(0, EXCERPT) : text));
        } else if (node.isValueNode()) {
            out.append(node);
        } else {
            out.append(node.isObject() ? '{' : '[');
            String separator = "";
            for (Map.Entry<String, JsonNode> field : node.properties()) {
                if (out.length() > EXCERPT) {
                    return;
                }
                String name = field.getKey();
                out.append(separator)
                        .append(quoted(name.length() > EXCERPT ? name.substring(0, EXCERPT) : name))
                        .append(':');
                excerpt(field.getValue(), out);
                separator = ",";
            }
            for (int i = 0; node.isArray() && i < node.size() && out.length() <= EXCERPT; i++) {
                out.append(separator);
                excerpt(node.get(i), out);
                separator = ",";
            }
            out.append(node.isObject() ? '}' : ']');
        }
    }

    private static String quoted(String text) {
        return JsonNodeFactory.instance.textNode(text).toString();
    }

    /** The tree as indented JSON, with a line end after the last line. */
    public static String pretty(JsonNode tree) {
        StringBuilder out = new StringBuilder();
        print(tree, 0, out);
        return out.append('\n').toString();
    }

    /** The tree as JSON on one line, without a line end. */
    public static String compact(JsonNode tree) {
        return tree.toString();
    }

    /** Writes {@link #pretty} JSON atomically: a reader sees the old file or the new one, whole. */
    public static void write(Path file, JsonNode tree) {
        AtomicFiles.writeString(file, pretty(tree));
    }

    private static void print(JsonNode node, int depth, StringBuilder out) {
        if (node.isObject() && !node.isEmpty()) {
            out.append('{');
            String separator = "\n";
            for (Map.Entry<String, JsonNode> field : node.properties()) {
                out.append(separator).repeat("  ", depth + 1);
                out.append(JsonNodeFactory.instance.textNode(field.getKey())).append(": ");
                print(field.getValue(), depth + 1, out);
                separator = ",\n";
            }
            out.append('\n').repeat("  ", depth).append('}');
        } else if (node.isArray() && !node.isEmpty()) {
            out.append('[');
            String separator = "\n";
            for (JsonNode element : node) {
                out.append(separator).repeat("  ", depth + 1);
                print(element, depth + 1, out);
                separator = ",\n";
            }
            out.append('\n').repeat("  ", depth).append(']');
        } else {
            out.append(node);
        }
    }

    /** The parser's message without where it read, which we say better, and which of its settings set a limit. */
    private static String withoutItsOwnNames(String message) {
        return message.replaceAll(" \\(start marker at \\[Source:.*?]\\)", "")
                .replaceAll(", from `[^`]*`", "")
                .replaceAll(
                        "Non-standard token '(.*?)': enable `.*?` to allow",
                        "$1 is no number in JSON; write null, or a string");
    }

    private static String firstLine(String message) {
        int end = message.indexOf('\n');
        return end < 0 ? message : message.substring(0, end);
    }
}
