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
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/**
 * Rows with recorded completions, some at a time, each with what can be done about it.
 *
 * <p>Decisions:
 *
 * <ul>
 *   <li>Every row has its place. One that cannot be read, or that lacks a column which others have, is {@link Broken}, and those behind it
 *       are scored.
 *   <li>A row whose reference is there and cannot be used (empty, null, no letter among the choices), or whose completion is null, is
 *       {@link Skipped}: such rows are what somebody looks for.
 *   <li>Where none of the rows that are read first has a column, its name is wrong, and that is said once, before anything is printed.
 * </ul>
 *
 * @param data where the rows are
 * @param column the one with the completion
 * @param reward what scores them
 */
record RecordedRows(Rows data, String column, Reward reward) {
    private static final int CHUNK = 512;

    /** A row and its number, from 1. */
    sealed interface Row {
        int number();
    }

    /** To be scored. */
    record Usable(int number, Completion completion) implements Row {}

    /**
     * Without a reward.
     *
     * @param why in words
     */
    record Skipped(int number, String why) implements Row {}

    /**
     * No row of this reward.
     *
     * @param wrong with it
     * @param misnamed whether a column is not there, also one that {@code --column} names
     */
    record Broken(int number, FormatException wrong, boolean misnamed) implements Row {}

    /**
     * Hands out all rows in order, some at a time; also those in front of a fault behind which nothing can be read.
     *
     * @throws FormatException if there are no rows, if the first ones all lack a column, or if the data cannot be read on
     */
    void forEachChunk(Consumer<List<Row>> consumer) {
        Chunks chunks = new Chunks(consumer);
        try {
            data.forEach(row -> chunks.add(row(row, chunks.count + 1)));
        } catch (FormatException | UncheckedIOException unreadable) {
            chunks.handOut();
            throw unreadable;
        }
        chunks.handOut();
        if (chunks.count == 0) {
            throw new FormatException(
                    data.path().toString(), "it has no rows", "Give data with a completion in each row");
        }
    }

    /** Rows on their way. */
    private static final class Chunks {
        private final Consumer<List<Row>> consumer;
        private final List<Row> waiting = new ArrayList<>();
        private boolean begun;
        private int count;

        Chunks(Consumer<List<Row>> consumer) {
            this.consumer = consumer;
        }

        void add(Row row) {
            waiting.add(row);
            count = Math.incrementExact(count);
            if (waiting.size() == CHUNK) {
                handOut();
            }
        }

        void handOut() {
            if (!begun && waiting.stream().allMatch(row -> row instanceof Broken broken && broken.misnamed())) {
                waiting.stream().limit(1).forEach(row -> {
                    throw ((Broken) row).wrong();
                });
            }
            begun = true;
            List<Row> chunk = List.copyOf(waiting);
            waiting.clear();
            consumer.accept(chunk);
        }
    }

    private Row row(dev.jacobian.io.rows.Row recorded, int number) {
        try {
            JsonNode json = recorded.json();
            if (!json.isObject()) {
                throw new FormatException(recorded.where(), "a row must be a JSON object", "Correct or remove it");
            }
            return row(json, number, recorded.where());
        } catch (MissingColumnException missing) {
            FormatException misnamed = new FormatException(
                    recorded.where(),
                    String.valueOf(missing.getMessage()),
                    "Name the column that the reward reads: the reference with --reference COLUMN, another with --set",
                    missing);
            return new Broken(number, misnamed, true);
        } catch (FormatException broken) {
            return new Broken(number, broken, !data.columns().isEmpty());
        }
    }

    private Row row(JsonNode json, int number, String where) {
        if (!json.has(column)) {
            List<String> all = new ArrayList<>();
            json.fieldNames().forEachRemaining(all::add);
            FormatException misnamed = new FormatException(
                    where,
                    "it has no column '" + column + "'; its columns are " + String.join(", ", all),
                    "Name the column with the completion (--completion COLUMN)");
            return new Broken(number, misnamed, true);
        }
        if (json.path(column).isNull()) {
            return new Skipped(number, "column '" + column + "' is null");
        }
        Columns columns = Columns.of(json, where);
        String text = text(json.path(column), where);
        try {
            reward.requireUsable(columns);
        } catch (MissingColumnException missing) {
            if (isNull(json, missing.column())) {
                return new Skipped(number, "column '" + missing.column() + "' is null");
            }
            throw missing;
        } catch (IllegalArgumentException | FormatException unusable) {
            return new Skipped(number, String.valueOf(unusable.getMessage()));
        }
        JsonNode prompt = json.path("prompt");
        String asked = prompt.isTextual() ? prompt.textValue() : prompt.isMissingNode() ? "" : Json.compact(prompt);
        return new Usable(number, new Completion("row " + number, asked, columns, text, new int[0], FinishReason.STOP));
    }

    /** Whether a column is null, or a value within one: {@code reward_model.ground_truth}. */
    private static boolean isNull(JsonNode json, String name) {
        JsonNode value = json;
        for (String part : json.has(name) ? new String[] {name} : name.split("\\.", -1)) {
            value = value.path(part);
        }
        return value.isNull();
    }

    /** The completion: a text, or what the last of some messages says. */
    private String text(JsonNode value, String where) {
        JsonNode said = value.isArray() && !value.isEmpty()
                ? value.get(value.size() - 1).path("content")
                : value;
        if (said.isTextual()) {
            return said.textValue();
        }
        throw new FormatException(
                where,
                "column '" + column + "' must be a text or a list of messages, but is " + Json.excerpt(value),
                "Name the column with the completion (--completion COLUMN)");
    }
}
