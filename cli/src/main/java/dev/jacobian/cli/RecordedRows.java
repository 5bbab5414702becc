// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cli;

import com.fasterxml.jackson.databind.JsonNode;
import dev.jacobian.io.FormatException;
import dev.jacobian.io.Json;
import dev.jacobian.io.rows.Rows;
import dev.jacobian.rl.reward.Columns;
import dev.jacobian.rl.reward.Completion;
import dev.jacobian.rl.reward.MissingColumnException;
import dev.jacobian.rl.reward.Reward;
import dev.jacobian.transformer.generation.FinishReason;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * Rows with recorded completions, read twice: once to see whether all can be scored, then in chunks.
 *
 * <p>Decisions: a row that lacks a column ends the command before anything is printed, for then a name is wrong. A row whose reference is
 * there and cannot be used (empty, null, no letter among the choices) is skipped with a word why: such rows are what somebody looks for.
 *
 * @param data where the rows are
 * @param column the one with the completion
 * @param reward what scores them
 */
record RecordedRows(Rows data, String column, Reward reward) {
    private static final int CHUNK = 512;

    /**
     * A row.
     *
     * @param number from 1
     * @param completion to be scored; empty if the row is skipped
     * @param objection why it is
     */
    record Row(int number, Optional<Completion> completion, Optional<String> objection) {}

    /**
     * Looks at every row.
     *
     * @throws FormatException for the first one that is no row of this reward, with its number
     */
    void check() {
        int[] count = new int[1];
        forEach(row -> count[0]++);
        if (count[0] == 0) {
            throw new FormatException(
                    data.path().toString(), "it has no rows", "Give data with a completion in each row");
        }
    }

    /** Hands out all rows in order, some at a time. */
    void forEachChunk(Consumer<List<Row>> consumer) {
        List<Row> chunk = new ArrayList<>();
        forEach(row -> {
            chunk.add(row);
            if (chunk.size() == CHUNK) {
                consumer.accept(List.copyOf(chunk));
                chunk.clear();
            }
        });
        if (!chunk.isEmpty()) {
            consumer.accept(List.copyOf(chunk));
        }
    }

    private void forEach(Consumer<Row> consumer) {
        int[] number = new int[1];
        data.forEach(row -> consumer.accept(row(row.json(), ++number[0], row.where())));
    }

    private Row row(JsonNode json, int number, String where) {
        if (!json.isObject()) {
            throw new FormatException(where, "a row must be a JSON object", "Correct or remove it");
        }
        Columns columns = Columns.of(json, where);
        String text = text(json, where);
        try {
            reward.requireUsable(columns);
        } catch (MissingColumnException missing) {
            if (json.path(missing.column()).isNull()) {
                return new Row(number, Optional.empty(), Optional.of("column '" + missing.column() + "' is null"));
            }
            throw new FormatException(
                    where,
                    String.valueOf(missing.getMessage()),
                    "Name the column that the completion is compared with (--reference COLUMN)",
                    missing);
        } catch (IllegalArgumentException | FormatException unusable) {
            return new Row(number, Optional.empty(), Optional.ofNullable(unusable.getMessage()));
        }
        JsonNode prompt = json.path("prompt");
        String asked = prompt.isTextual() ? prompt.textValue() : prompt.isMissingNode() ? "" : Json.compact(prompt);
        Completion completion = new Completion("row " + number, asked, columns, text, new int[0], FinishReason.STOP);
        return new Row(number, Optional.of(completion), Optional.empty());
    }

    /** The completion: a text, or what the last of some messages says. */
    private String text(JsonNode row, String where) {
        JsonNode value = row.path(column);
        if (value.isTextual()) {
            return value.textValue();
        }
        if (value.isArray() && !value.isEmpty()) {
            JsonNode content = value.get(value.size() - 1).path("content");
            if (content.isTextual()) {
                return content.textValue();
            }
        }
        Iterator<String> names = row.fieldNames();
        List<String> all = new ArrayList<>();
        names.forEachRemaining(all::add);
        throw new FormatException(
                where,
                value.isMissingNode()
                        ? "it has no column '" + column + "'; its columns are " + String.join(", ", all)
                        : "column '" + column + "' must be a text or a list of messages, but is " + Json.excerpt(value),
                "Name the column with the completion (--completion COLUMN)");
    }
}
