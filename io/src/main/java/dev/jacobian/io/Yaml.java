// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io;

import com.fasterxml.jackson.databind.JsonNode;
import dev.jacobian.tensor.Nullable;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Path;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.composer.Composer;
import org.yaml.snakeyaml.constructor.DuplicateKeyException;
import org.yaml.snakeyaml.error.Mark;
import org.yaml.snakeyaml.error.MarkedYAMLException;
import org.yaml.snakeyaml.error.YAMLException;
import org.yaml.snakeyaml.events.Event;
import org.yaml.snakeyaml.parser.Parser;
import org.yaml.snakeyaml.parser.ParserImpl;
import org.yaml.snakeyaml.reader.StreamReader;

/**
 * YAML as the tree that JSON gives: read by SnakeYAML, with what a plain scalar means decided here.
 *
 * <p>Decisions:
 *
 * <ul>
 *   <li>One document of mappings, lists and scalars, with everything that YAML has to write them: flow and block, blocks of text, anchors,
 *       aliases, {@code <<} to merge mappings, comments.
 *   <li>A plain scalar is {@code null}, {@code true}, {@code false} or a number only where all of YAML's versions and JSON agree on it; all
 *       else is the text that is written. So {@code no} and {@code on} are no switches, {@code 010} is not 8, {@code 1:30} is not 90 and a date
 *       is none: whoever needs a number there refuses the text instead of computing with another one.
 *   <li>Keys are text, as they are written; a key that stands twice is refused.
 *   <li>Tags make nothing but these values: {@code !!str 1} is text, and all that name another type are refused.
 *   <li>What comes out is bounded whatever comes in: characters, levels, aliases, and values after aliases are replaced by what they stand for.
 * </ul>
 */
public final class Yaml {
    /** Cards of data sets with thousands of subsets have one or two million. */
    private static final int MAX_CHARACTERS = 4 << 20;

    private static final int MAX_DEPTH = 50;
    private static final int MAX_ALIASES = 1000;

    private Yaml() {}

    /**
     * Reads a file.
     *
     * @throws FormatException if it is something else, naming line and column
     * @throws java.io.UncheckedIOException if it cannot be read
     */
    public static JsonNode read(Path file) {
        byte[] bytes = InputFiles.read(file, MAX_CHARACTERS, "YAML files");
        try {
            return parse(Json.strictUtf8().decode(ByteBuffer.wrap(bytes)).toString(), file.toString());
        } catch (CharacterCodingException e) {
            throw new FormatException(file.toString(), "the file is not UTF-8", "Save it as UTF-8", e);
        }
    }

    /**
     * Reads a text.
     *
     * @param where names it in messages
     * @throws FormatException if it is no YAML, naming line and column
     */
    public static JsonNode parse(String text, String where) {
        return tree(text, where, true);
    }

    /**
     * The same where all values are names: plain scalars stay text ({@code 1.10} is not 1.1), but for {@code null}.
     *
     * @param where names it in messages
     * @throws FormatException if it is no YAML, naming line and column
     */
    public static JsonNode parseNames(String text, String where) {
        return tree(text, where, false);
    }

    private static JsonNode tree(String text, String where, boolean typed) {
        String said = text.startsWith("\uFEFF") ? text.substring(1) : text;
        requireReadable(said, where);
        LoaderOptions options = new LoaderOptions();
        options.setAllowDuplicateKeys(false);
        options.setAllowRecursiveKeys(false);
        options.setNestingDepthLimit(MAX_DEPTH);
        options.setMaxAliasesForCollections(MAX_ALIASES);
        options.setCodePointLimit(MAX_CHARACTERS);
        StreamReader reader = new StreamReader(said);
        YamlTree tree = new YamlTree(options, where, MAX_DEPTH);
        Parser parser = new ParserImpl(reader, options);
        tree.setComposer(new Composer(parser, new YamlScalars(typed), options));
        try {
            return tree.document();
        } catch (MarkedYAMLException e) {
            throw wrong(e, place(where, e.getProblemMark(), reader));
        } catch (IllegalArgumentException e) { // that is how it refuses some tags
            throw new FormatException(
                    place(where, null, reader),
                    String.valueOf(e.getMessage()),
                    "Remove the tag (what begins with !)",
                    e);
        } catch (YAMLException e) { // a limit, which the library tells of without a place
            throw new FormatException(
                    place(where, next(parser), reader),
                    String.valueOf(e.getMessage()),
                    "Check that this is the right file; configurations are flatter and shorter",
                    e);
        }
    }

    private static FormatException wrong(MarkedYAMLException e, String place) {
        String problem = String.valueOf(e.getProblem());
        String fix = "Correct the YAML there: keys with a colon and a blank behind it, blanks to indent, brackets and"
                + " quotes closed";
        if (e instanceof DuplicateKeyException) {
            fix = "Keep one of them";
        } else if (problem.contains("another document")) {
            fix = "Keep one document in the file: remove what begins at the second ---";
        } else if (problem.contains("tag")) {
            fix = "Remove the tag (what begins with !)";
        }
        String context = e.getContext();
        return new FormatException(place, context == null ? problem : context + ", " + problem, fix, e);
    }

    /** What a file of text can hold; found here, because the library reads ahead of the place that it knows. */
    private static void requireReadable(String text, String where) {
        if (text.length() > MAX_CHARACTERS) {
            throw new FormatException(
                    where,
                    "the text has " + text.length() + " characters; YAML up to " + MAX_CHARACTERS + " is read",
                    "Check that this is the right file");
        }
        int line = 1;
        int start = 0;
        for (int i = 0; i < text.length(); i += Character.charCount(text.codePointAt(i))) {
            int c = text.codePointAt(i);
            if (!StreamReader.isPrintable(c)) {
                throw new FormatException(
                        place(where, line, text.codePointCount(start, i) + 1),
                        String.format("there is the character U+%04X, which no YAML holds as it is", c),
                        "Remove it; in a text in double quotes it can be written as \\u and four digits");
            }
            if (c == '\n') {
                line++;
                start = i + 1;
            }
        }
    }

    /** Where what comes next begins; null if it is broken, or nothing comes. */
    private static @Nullable Mark next(Parser parser) {
        try {
            Event next = parser.peekEvent();
            return next == null ? null : next.getStartMark();
        } catch (YAMLException e) {
            return null;
        }
    }

    private static String place(String where, @Nullable Mark mark, StreamReader reader) {
        return mark == null
                ? place(where, reader.getLine() + 1, reader.getColumn() + 1)
                : place(where, mark.getLine() + 1, mark.getColumn() + 1);
    }

    static String place(String where, int line, int column) {
        return where + ", line " + line + ", column " + column;
    }
}
