// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.Reader;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.channels.ReadableByteChannel;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CoderResult;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/**
 * Reads JSON lines: one JSON value on each line, UTF-8, empty lines ignored, and so is a byte order mark at the beginning.
 * {@link JsonlWriter} writes them.
 */
public final class Jsonl {
    /** Longest line that is read, in characters: a row is a text and what belongs to it, not a data set. */
    public static final int MAX_LINE = 32 << 20;

    private static final int CHUNK = 1 << 16;

    private Jsonl() {}

    /**
     * All values of a file, in order.
     *
     * @throws FormatException if a line is not strict JSON, with its number, or the file is no regular file
     * @throws UncheckedIOException if the file cannot be read
     */
    public static List<JsonNode> read(Path file) {
        List<JsonNode> values = new ArrayList<>();
        forEach(file, values::add);
        return values;
    }

    /** As {@link #read}, one value at a time, so that the file need not fit in memory. */
    public static void forEach(Path file, Consumer<JsonNode> consumer) {
        forEachLine(file, line -> consumer.accept(line.json()));
    }

    /**
     * As {@link #forEach}, with each line's number and before it is parsed: for readers that name lines in their own messages,
     * or go on behind a broken one.
     *
     * @throws FormatException if the file is no regular file or a line is longer than {@link #MAX_LINE}
     * @throws UncheckedIOException if the file cannot be read
     */
    public static void forEachLine(Path file, Consumer<Line> consumer) {
        InputFiles.requireRegular(file);
        long number = 1;
        try (LineReader lines = new LineReader(reader(file), MAX_LINE)) {
            for (String line; (line = lines.next()) != null; number++) {
                if (number == 1 && line.startsWith("\uFEFF")) {
                    line = line.substring(1);
                }
                if (!line.isBlank()) {
                    consumer.accept(new Line(file, number, line));
                }
            }
        } catch (NoSuchFileException e) {
            throw new UncheckedIOException("No such file: " + file, e);
        } catch (LineReader.TooLong e) {
            throw new FormatException(
                    file + ", line " + number,
                    "the line has more than " + MAX_LINE + " characters, the most that are read of one",
                    "JSON lines have one value on each line; check that the file has line ends and is of this format",
                    e);
        } catch (CharacterCodingException e) {
            throw new FormatException(
                    file + ", line " + lineOfBadByte(file), "not UTF-8", "Save the file again as UTF-8", e);
        } catch (IOException e) {
            throw new UncheckedIOException("Cannot read " + file + ": " + e.getMessage(), e);
        }
    }

    /** The reader above decodes some thousand bytes ahead of the line that it hands out, so the place is looked for again. */
    private static long lineOfBadByte(Path file) {
        CharsetDecoder decoder = Json.strictUtf8();
        ByteBuffer bytes = ByteBuffer.allocate(CHUNK);
        CharBuffer characters = CharBuffer.allocate(CHUNK);
        long line = 1;
        try (ReadableByteChannel channel = Files.newByteChannel(file)) {
            boolean ended;
            CoderResult result;
            do {
                ended = channel.read(bytes) < 0;
                result = decoder.decode(bytes.flip(), characters, ended);
                line += characters.flip().chars().filter(c -> c == '\n').count();
                characters.clear();
                bytes.compact();
            } while (!ended && !result.isError());
            return line;
        } catch (IOException e) {
            throw new UncheckedIOException("Cannot read " + file + ": " + e.getMessage(), e);
        }
    }

    /** The characters of a file; a byte that is not UTF-8 is an error. */
    private static Reader reader(Path file) throws IOException {
        return new InputStreamReader(Files.newInputStream(file), StandardCharsets.UTF_8.newDecoder());
    }

    /**
     * A line of a file, not yet parsed.
     *
     * @param file the file
     * @param number from 1, empty lines counted
     * @param text the line, not blank
     */
    public record Line(Path file, long number, String text) {
        /**
         * The value on it.
         *
         * @throws FormatException if it is not strict JSON; the message has the number of the line
         */
        public JsonNode json() {
            return parse(text, file, number);
        }
    }

    static JsonNode parse(String line, Path file, long number) {
        try {
            return Json.parse(line, file.toString());
        } catch (FormatException e) {
            throw new FormatException(
                    file + ", line " + number,
                    e.what(),
                    "Correct or remove that line; if it is the last one, the program that wrote it was stopped in the"
                            + " middle, and resuming it cuts the line off",
                    e);
        }
    }
}
