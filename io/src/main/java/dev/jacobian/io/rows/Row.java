// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io.rows;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import java.util.function.Supplier;

/**
 * A row of a data set and where it stands.
 *
 * <p>What it says is read when it is asked for: a reader that leaves bad rows out can go on behind one that is broken.
 *
 * @param file it stands in
 * @param number from 1, in its file
 * @param where file and row in words, for messages
 * @param content gives what it says, or throws a {@link dev.jacobian.io.FormatException} that says what is wrong with it
 */
public record Row(Path file, long number, String where, Supplier<JsonNode> content) {

    /** A row of a file whose lines nobody counts. */
    public static Row of(Path file, long number, Supplier<JsonNode> content) {
        return new Row(file, number, file + ", row " + number, content);
    }

    /** A row of a text file; its line is named where it is not the row's number. */
    public static Row of(Path file, long number, long line, Supplier<JsonNode> content) {
        String where = file + ", row " + number + (line == number ? "" : " (line " + line + ")");
        return new Row(file, number, where, content);
    }

    /**
     * What the row says: an object whose fields are the columns.
     *
     * @throws dev.jacobian.io.FormatException if the row is broken
     */
    public JsonNode json() {
        return content.get();
    }
}
