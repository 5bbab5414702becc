// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io.rows;

import com.fasterxml.jackson.databind.JsonNode;
import dev.jacobian.io.FormatException;
import dev.jacobian.io.Json;
import dev.jacobian.io.JsonElements;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * JSON as data sets have it: an array of objects; or an object with such a list in a field, {@code {"data": [...]}}, where several
 * lists are splits under their names; or JSON lines, which many files called {@code .json} are; or an object that is the only row.
 *
 * @param split the list that is asked for, where there are several
 */
record JsonFormat(Optional<String> split) implements RowFormat {
    @Override
    public String name() {
        return "JSON";
    }

    @Override
    public List<String> extensions() {
        return List.of("json");
    }

    @Override
    public void read(Path file, Consumer<Row> consumer) {
        switch (JsonElements.layout(file)) {
            case VALUES -> {
                requireNoSplit(file);
                new JsonLinesFormat().read(file, consumer);
            }
            case ARRAY -> {
                requireNoSplit(file);
                elements(file, Optional.empty(), consumer);
            }
            case OBJECT -> object(file, consumer);
            case EMPTY -> throw wrong(file, "the file is empty");
            case OTHER -> throw wrong(file, "it is " + Json.excerpt(Json.read(file)));
        }
    }

    private void requireNoSplit(Path file) {
        split.ifPresent(name -> {
            throw Splits.none(file, name);
        });
    }

    private static FormatException wrong(Path file, String what) {
        return new FormatException(
                file.toString(), what, "Rows are expected: an array of objects, or an object with such a list");
    }

    private static void elements(Path file, Optional<String> field, Consumer<Row> consumer) {
        JsonElements.forEach(file, field, element -> consumer.accept(Row.of(file, element.number(), element::json)));
    }

    private void object(Path file, Consumer<Row> consumer) {
        List<String> lists = JsonElements.lists(file);
        if (lists.isEmpty() || lists.size() == 1 && isRow(file)) {
            requireNoSplit(file);
            JsonNode row = Json.read(file);
            consumer.accept(Row.of(file, 1, () -> row));
            return;
        }
        elements(file, Optional.of(chosen(file, lists)), consumer);
    }

    /** Whether the object is a conversation rather than a data set: its only list is of messages. */
    private static boolean isRow(Path file) {
        boolean[] messages = {false};
        String field = JsonElements.lists(file).getFirst();
        JsonElements.forEach(
                file,
                Optional.of(field),
                element -> messages[0] |= element.json().has("role"));
        return messages[0];
    }

    private String chosen(Path file, List<String> lists) {
        return lists.size() == 1 && split.isEmpty() ? lists.getFirst() : Splits.choose(file.toString(), lists, split);
    }
}
