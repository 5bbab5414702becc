// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.task;

import com.fasterxml.jackson.databind.JsonNode;
import dev.jacobian.io.FormatException;
import dev.jacobian.io.Json;
import dev.jacobian.io.chat.ChatRow;
import dev.jacobian.io.rows.Rows;
import dev.jacobian.rl.reward.Columns;
import dev.jacobian.rl.reward.WeightedRewards;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.UnaryOperator;

/**
 * The rows of the user's problems, each checked when it is read: it is an object, it has a prompt, and the reward functions
 * find in it what they read. A row that is not so is an error with its number, or is left out and counted.
 *
 * @param rows the usable ones, in file order
 * @param skipped what was wrong with those left out, each with file and row
 */
record JsonlRows(List<Row> rows, List<String> skipped) {
    /**
     * A row and where it stands.
     *
     * @param problem what it says
     * @param where file and row, for messages
     * @param place among all that are used, from 0
     */
    record Row(Problem problem, String where, int place) {}

    /**
     * Reads a data set. Its form comes first and its answers second: a file of another kind is called that, and not a file whose
     * first row lacks an answer.
     *
     * @param view what is read of a row
     * @throws FormatException naming file and row, at the first unusable one unless such rows may be left out
     */
    static JsonlRows read(Rows data, WeightedRewards rewards, boolean skipBadRows, UnaryOperator<JsonNode> view) {
        List<Row> rows = new ArrayList<>();
        List<String> skipped = new ArrayList<>();
        data.forEach(row -> {
            String id = stem(row.file()) + "#" + row.number();
            reading(skipBadRows, skipped, () -> {
                Problem problem = problem(view.apply(row.json()), id, row.where());
                rows.add(new Row(problem, row.where(), rows.size()));
            });
        });
        List<Row> usable = new ArrayList<>();
        for (Row row : rows) {
            reading(skipBadRows, skipped, () -> {
                requireUsable(row, rewards);
                usable.add(row);
            });
        }
        return new JsonlRows(usable, skipped);
    }

    private static void reading(boolean skipBadRows, List<String> skipped, Runnable action) {
        try {
            action.run();
        } catch (FormatException bad) {
            if (!skipBadRows) {
                throw bad;
            }
            skipped.add(bad.getMessage());
        }
    }

    private static void requireUsable(Row row, WeightedRewards rewards) {
        try {
            rewards.requireUsable(row.problem().columns());
        } catch (IllegalArgumentException | FormatException unusable) {
            throw new FormatException(
                    row.where(),
                    String.valueOf(unusable.getMessage()),
                    "Correct the row, remove it, or leave such rows out (--skip-bad-rows)");
        }
    }

    private static Problem problem(JsonNode row, String defaultId, String where) {
        boolean conversation = ChatRow.has(row, "prompt");
        if (!row.isObject() || !conversation && !row.path("prompt").isTextual()) {
            throw new FormatException(
                    where,
                    "a row must be a JSON object with a string 'prompt', or a list of messages" + columns(row),
                    "Correct the row, or name the column that holds the prompt (--column prompt=COLUMN)");
        }
        Map<String, Object> columns = new LinkedHashMap<>(Columns.of(row, where).values());
        columns.remove("prompt");
        String id = row.hasNonNull("id") ? row.get("id").asText() : defaultId;
        return conversation
                ? new Problem(
                        id,
                        Json.compact(row.get("prompt")),
                        new Columns(columns),
                        Optional.of(ChatRow.read(row, "prompt", where)))
                : new Problem(id, row.get("prompt").textValue(), columns);
    }

    /** The names that a row has instead, for a message. */
    private static String columns(JsonNode row) {
        List<String> names = new ArrayList<>();
        row.fieldNames().forEachRemaining(names::add);
        return names.isEmpty() || names.contains("prompt") ? "" : "; it has " + String.join(", ", names);
    }

    static String stem(Path file) {
        String fileName = file.getFileName().toString();
        int dot = fileName.lastIndexOf('.');
        return dot > 0 ? fileName.substring(0, dot) : fileName;
    }
}
