// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
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
 *   <li>A repeated key, a byte that is not UTF-8, a NaN, or anything after the value is an error, never a guess: these
 *       files decide what numbers a model computes.
 *   <li>Depth, string length and file size are limited, so that a hostile file fails with a message and not with a
 *       {@link StackOverflowError} or an {@link OutOfMemoryError}.
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

    private static final JsonMapper STRICT = JsonMapper.builder(JsonFactory.builder()
                    .streamReadConstraints(StreamReadConstraints.builder()
                            .maxNestingDepth(MAX_DEPTH)
                            .maxStringLength(MAX_STRING)
                            .maxNameLength(MAX_NAME)
                            .build())
                    // Names in these files are data (a vocabulary), so interning them would only fill the string table.
                    .configure(JsonFactory.Feature.INTERN_FIELD_NAMES, false)
                    .configure(JsonFactory.Feature.CANONICALIZE_FIELD_NAMES, false)
                    .build())
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .build();

    private Json() {}

    /** A new empty object. */
    public static ObjectNode object() {
        return JsonNodeFactory.instance.objectNode();
    }

    /**
     * Reads one JSON value from a UTF-8 file.
     *
     * @throws FormatException if the file is not strict JSON; the message has file, line and column
     * @throws UncheckedIOException if the file cannot be read
     */
    public static JsonNode read(Path file) {
        try {
            long size = Files.size(file);
            if (size > MAX_BYTES) {
                throw new FormatException(
                        file.toString(),
                        "the file has " + size + " bytes; JSON files up to " + MAX_BYTES + " bytes are read",
                        "Check that this is the right file");
            }
            return parse(Files.readAllBytes(file), file.toString());
        } catch (NoSuchFileException e) {
            throw new UncheckedIOException("No such file: " + file, e);
        } catch (IOException e) {
            throw new UncheckedIOException("Cannot read " + file + ": " + e.getMessage(), e);
        }
    }

    /** Reads one JSON value from UTF-8 bytes; {@code where} names the source in error messages. */
    public static JsonNode parse(byte[] utf8, String where) {
        return parse(ByteBuffer.wrap(utf8), where);
    }

    /** As {@link #parse(byte[], String)}, from the remaining bytes of a buffer. */
    public static JsonNode parse(ByteBuffer utf8, String where) {
        // Decoded first, because a parser that sees bytes would also guess at UTF-16 and UTF-32.
        ByteBuffer bytes = utf8.slice();
        try {
            return parse(
                    StandardCharsets.UTF_8
                            .newDecoder()
                            .onMalformedInput(CodingErrorAction.REPORT)
                            .onUnmappableCharacter(CodingErrorAction.REPORT)
                            .decode(bytes)
                            .toString(),
                    where);
        } catch (CharacterCodingException e) {
            throw new FormatException(
                    where,
                    "not UTF-8 (the first bad byte is at offset " + bytes.position() + ")",
                    "JSON files are UTF-8; save the file again in that encoding",
                    e);
        }
    }

    /** Reads one JSON value from a string; {@code where} names the source in error messages. */
    public static JsonNode parse(String text, String where) {
        JsonNode node;
        try {
            node = STRICT.readTree(text);
        } catch (JsonProcessingException e) {
            JsonLocation at = e.getLocation();
            String place = at == null ? where : where + ", line " + at.getLineNr() + ", column " + at.getColumnNr();
            throw new FormatException(
                    place,
                    "not valid JSON: " + firstLine(e.getOriginalMessage()),
                    "Correct the file, or fetch it again if it was cut short in a download",
                    e);
        }
        if (node.isMissingNode()) {
            throw new FormatException(where, "empty: a JSON value was expected", "Fetch or write the file again");
        }
        return node;
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

    private static String firstLine(String message) {
        int end = message.indexOf('\n');
        return end < 0 ? message : message.substring(0, end);
    }
}
