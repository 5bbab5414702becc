// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.task;

import com.fasterxml.jackson.databind.JsonNode;
import dev.jacobian.io.FormatException;
import dev.jacobian.io.Json;
import dev.jacobian.io.chat.ChatRow;
import dev.jacobian.io.rows.Rows;
import dev.jacobian.io.spill.ListView;
import dev.jacobian.io.spill.NodeCodec;
import dev.jacobian.io.spill.RecordCodec;
import dev.jacobian.io.spill.RecordReader;
import dev.jacobian.io.spill.RecordWriter;
import dev.jacobian.io.spill.Spill;
import dev.jacobian.io.spill.SpillingList;
import dev.jacobian.rl.reward.Columns;
import dev.jacobian.rl.reward.WeightedRewards;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;

/**
 * The rows of the user's problems, each checked when it is read: it is an object, it has a prompt, and the reward functions
 * find in it what they read. A row that is not so is an error with its number, or is left out and counted.
 *
 * <p>What is in memory is the places of the rows; what they say is in lists that may go to disk, and becomes a problem when somebody asks.
 *
 * @param rows all that are of the right form, in file order
 * @param usable places of those that can be used, ascending
 * @param skipped what was wrong with those left out, each with file and row
 */
record JsonlRows(List<Row> rows, int[] usable, List<String> skipped) {
    /**
     * A row and where it stands.
     *
     * @param problem what it says
     * @param where file and row, for messages
     */
    record Row(Problem problem, String where) {}

    /** A row as it was read, of which a problem is made again whenever it is asked for. */
    private record Stored(JsonNode json, String id, String where) {
        static final RecordCodec<Stored> CODEC = RecordCodec.of(Stored::write, Stored::read);

        private static void write(Stored row, RecordWriter out) {
            out.text(row.id).text(row.where);
            NodeCodec.INSTANCE.write(row.json, out);
        }

        private static Stored read(RecordReader in) {
            String id = in.text();
            String where = in.text();
            return new Stored(NodeCodec.INSTANCE.read(in), id, where);
        }

        Row row() {
            return new Row(problem(json, id, where), where);
        }
    }

    /**
     * Reads a data set. Its form comes first and its answers second: a file of another kind is called that, and not a file whose
     * first row lacks an answer.
     *
     * @param view what is read of a row
     * @param spill how much of it stays in memory
     * @throws FormatException naming file and row, at the first unusable one unless such rows may be left out
     */
    static JsonlRows read(
            Rows data, WeightedRewards rewards, boolean skipBadRows, UnaryOperator<JsonNode> view, Spill spill) {
        SpillingList<Stored> stored = new SpillingList<>(Stored.CODEC, spill);
        SpillingList<String> skipped = SpillingList.ofTexts(spill);
        try {
            data.forEach(row -> {
                String id = stem(row.file()) + "#" + row.number();
                reading(skipBadRows, skipped, () -> {
                    Stored own = new Stored(view.apply(row.json()), id, row.where());
                    own.row(); // which says what is wrong with it
                    stored.add(own);
                });
            });
            List<Row> rows = ListView.mapped(stored, Stored::row);
            IntStream.Builder usable = IntStream.builder();
            for (int place = 0; place < rows.size(); place++) {
                int at = place;
                reading(skipBadRows, skipped, () -> {
                    requireUsable(rows.get(at), rewards);
                    usable.add(at);
                });
            }
            return new JsonlRows(rows, usable.build().toArray(), skipped);
        } catch (RuntimeException | Error e) {
            stored.close();
            skipped.close();
            throw e;
        }
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
