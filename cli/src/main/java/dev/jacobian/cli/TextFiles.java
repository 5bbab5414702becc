// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cli;

import com.fasterxml.jackson.databind.JsonNode;
import dev.jacobian.io.FormatException;
import dev.jacobian.io.InputFiles;
import dev.jacobian.io.Json;
import dev.jacobian.io.Jsonl;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.stream.Stream;

/**
 * Texts of files, one after another, of which only one is in memory: a field of each line of JSONL, or a text file in parts of
 * about a mebibyte that end with a line, if lines end.
 */
final class TextFiles {
    /** The field that most data sets keep their texts in. */
    static final String USUAL_FIELD = "text";

    private static final int PART = 1 << 20;
    private static final int LONGEST_LINE = 1 << 24;

    private final List<Path> files;
    private final Optional<String> field;
    private final Consumer<String> notes;
    private long count;
    private long characters;

    /**
     * @param field the field of JSONL; if absent, files whose names end in {@code .jsonl} are that, with the usual field
     * @param notes is told which file is being read
     */
    TextFiles(List<Path> files, Optional<String> field, Consumer<String> notes) {
        files.forEach(InputFiles::requireRegular);
        this.files = files;
        this.field = field;
        this.notes = notes;
    }

    /** The texts. */
    Stream<String> stream() {
        return files.stream()
                .<String>mapMulti((file, sink) -> read(file, text -> {
                    count++;
                    characters += text.length();
                    sink.accept(text);
                }));
    }

    /** How many texts have been read. */
    long count() {
        return count;
    }

    /** How many characters they had. */
    long characters() {
        return characters;
    }

    private void read(Path file, Consumer<String> sink) {
        notes.accept("reading " + file);
        if (field.isPresent() || file.toString().endsWith(".jsonl")) {
            String name = field.orElse(USUAL_FIELD);
            Jsonl.forEachLine(file, line -> sink.accept(text(line, name)));
        } else {
            readText(file, sink);
        }
    }

    private static String text(Jsonl.Line line, String name) {
        JsonNode value = line.json().path(name);
        if (!value.isTextual()) {
            throw new FormatException(
                    line.file() + ", line " + line.number(),
                    value.isMissingNode()
                            ? "there is no field '" + name + "'"
                            : "'" + name + "' is " + Json.excerpt(value) + ", not a string",
                    "Name the field that holds the text with --field");
        }
        return value.textValue();
    }

    private static void readText(Path file, Consumer<String> sink) {
        try (BufferedReader reader = Files.newBufferedReader(file, StandardCharsets.UTF_8)) {
            StringBuilder part = new StringBuilder();
            char[] buffer = new char[1 << 16];
            for (int n; (n = reader.read(buffer)) > 0; ) {
                part.append(buffer, 0, n);
                int end = part.lastIndexOf("\n") + 1;
                if (end == 0 && part.length() >= LONGEST_LINE) {
                    end = part.length() - (Character.isHighSurrogate(part.charAt(part.length() - 1)) ? 1 : 0);
                }
                if (part.length() >= PART && end > 0) {
                    sink.accept(part.substring(0, end));
                    part.delete(0, end);
                }
            }
            if (!part.isEmpty()) {
                sink.accept(part.toString());
            }
        } catch (CharacterCodingException e) {
            throw new FormatException(file.toString(), "not UTF-8", "Save the file again as UTF-8", e);
        } catch (IOException e) {
            throw new UncheckedIOException("Cannot read " + file + ": " + e.getMessage(), e);
        }
    }
}
