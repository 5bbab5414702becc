// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParseException;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.databind.JsonNode;
import dev.jacobian.tensor.Nullable;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PushbackReader;
import java.io.UncheckedIOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * The elements of one long JSON array, one at a time: a file of which the tree would not fit in memory.
 *
 * <p>The array is the document, or a field of the object that the document is. As strict as {@link Json} but for the length of the
 * file, which is not limited; the limits of depth and memory hold for each element.
 */
public final class JsonElements {
    private static final JsonFactory STREAM = Json.STRICT
            .rebuild()
            .streamReadConstraints(Json.STRICT
                    .streamReadConstraints()
                    .rebuild()
                    .maxDocumentLength(-1)
                    .build())
            .build();

    /** What a file of JSON holds. */
    public enum Layout {
        /** Nothing but blanks. */
        EMPTY,
        /** One array. */
        ARRAY,
        /** One object. */
        OBJECT,
        /** Values one behind the other: JSON lines, whatever the file is called. */
        VALUES,
        /** A number, a string and the like, alone. */
        OTHER
    }

    /**
     * An element and where it stands.
     *
     * @param number from 1
     * @param line of its first character
     * @param json what it says
     */
    public record Element(long number, long line, JsonNode json) {}

    private JsonElements() {}

    /** Reads with a parser that is closed again. */
    @FunctionalInterface
    private interface Reading<T> {
        T read(JsonParser parser) throws IOException;
    }

    /**
     * How a file is laid out, by its first value and whether another one follows. What is wrong inside of that value is for
     * {@link #forEach} to say.
     */
    public static Layout layout(Path file) {
        return reading(file, parser -> {
            JsonToken first = parser.nextToken();
            if (first == null) {
                return Layout.EMPTY;
            }
            if (first == JsonToken.START_ARRAY) {
                return Layout.ARRAY;
            }
            if (first != JsonToken.START_OBJECT) {
                return Layout.OTHER;
            }
            try {
                parser.skipChildren();
                return parser.nextToken() == null ? Layout.OBJECT : Layout.VALUES;
            } catch (JsonProcessingException broken) {
                return Layout.OBJECT;
            }
        });
    }

    /** Fields of the object that a file holds whose values are lists of objects, in file order. */
    public static List<String> lists(Path file) {
        return reading(file, parser -> {
            List<String> lists = new ArrayList<>();
            requireObject(parser);
            while (parser.nextToken() != JsonToken.END_OBJECT) {
                String name = parser.currentName();
                if (parser.nextToken() == JsonToken.START_ARRAY) {
                    JsonToken element = parser.nextToken();
                    if (element == JsonToken.START_OBJECT) {
                        lists.add(name);
                    }
                    skipRest(parser, element);
                } else {
                    parser.skipChildren();
                }
            }
            return lists;
        });
    }

    /** Goes behind the array of which an element's first token has been read. */
    private static void skipRest(JsonParser parser, @Nullable JsonToken first) throws IOException {
        for (JsonToken token = first; token != JsonToken.END_ARRAY; token = parser.nextToken()) {
            parser.skipChildren();
        }
    }

    /**
     * Hands out the elements, each before the next one is read.
     *
     * @param field of the object that has the array; empty where the document is the array
     * @throws FormatException naming file, row, line and column, if it is not strict JSON or has no such array
     */
    public static void forEach(Path file, Optional<String> field, Consumer<Element> consumer) {
        long[] number = {0};
        reading(file, parser -> {
            try {
                if (field.isPresent()) {
                    find(parser, field.get());
                } else if (parser.nextToken() != JsonToken.START_ARRAY) {
                    throw new JsonParseException(parser, "an array was expected");
                }
                while (parser.nextToken() != JsonToken.END_ARRAY) {
                    number[0]++;
                    long line = parser.currentTokenLocation().getLineNr();
                    JsonNode json = new JsonTree(parser, Runtime.getRuntime().maxMemory() / 2).element();
                    consumer.accept(new Element(number[0], line, json));
                }
                requireEnd(parser, field.isPresent());
                return number[0];
            } catch (JsonProcessingException e) {
                throw Json.invalid(file + ", row " + Math.max(1, number[0]), e);
            } catch (JsonTree.TooLarge e) {
                throw e.at(file + ", row " + number[0]);
            }
        });
    }

    private static void requireObject(JsonParser parser) throws IOException {
        if (parser.nextToken() != JsonToken.START_OBJECT) {
            throw new JsonParseException(parser, "an object was expected");
        }
    }

    /** Goes to the beginning of a field's array. */
    private static void find(JsonParser parser, String field) throws IOException {
        requireObject(parser);
        while (parser.nextToken() != JsonToken.END_OBJECT) {
            boolean found = parser.currentName().equals(field);
            JsonToken value = parser.nextToken();
            if (found && value == JsonToken.START_ARRAY) {
                return;
            }
            parser.skipChildren();
        }
        throw new JsonParseException(parser, "there is no list '" + field + "'");
    }

    private static void requireEnd(JsonParser parser, boolean inObject) throws IOException {
        while (inObject && parser.nextToken() != JsonToken.END_OBJECT) {
            parser.nextToken();
            parser.skipChildren();
        }
        if (parser.nextToken() != null) {
            throw new JsonParseException(parser, "there is more behind the end of the value");
        }
    }

    private static <T> T reading(Path file, Reading<T> reading) {
        InputFiles.requireRegular(file);
        try (PushbackReader characters =
                        new PushbackReader(new InputStreamReader(Files.newInputStream(file), Json.strictUtf8()));
                JsonParser parser = STREAM.createParser(withoutMark(characters))) {
            return reading.read(parser);
        } catch (CharacterCodingException e) {
            throw new FormatException(file.toString(), "not UTF-8", "Save the file again as UTF-8", e);
        } catch (JsonProcessingException e) {
            throw Json.invalid(file.toString(), e);
        } catch (NoSuchFileException e) {
            throw new UncheckedIOException("No such file: " + file, e);
        } catch (IOException e) {
            throw new UncheckedIOException("Cannot read " + file + ": " + e.getMessage(), e);
        }
    }

    /** Behind a byte order mark, which editors leave at the beginning of a file. */
    private static PushbackReader withoutMark(PushbackReader characters) throws IOException {
        int first = characters.read();
        if (first >= 0 && first != '\uFEFF') {
            characters.unread(first);
        }
        return characters;
    }
}
