// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.sft;

import com.fasterxml.jackson.databind.JsonNode;
import dev.jacobian.io.FormatException;
import dev.jacobian.io.chat.ChatRow;
import dev.jacobian.io.rows.Rows;
import java.util.ArrayList;
import java.util.List;

/** Demonstrations of a list, in a new order for every pass; each knows the row that it comes from. */
public final class SftRows implements SftDataset {
    /** An example and where it stands. */
    private record Row(SftExample example, String where) {}

    private final List<Row> rows;
    private final List<String> skipped;

    private SftRows(String name, List<Row> rows, List<String> skipped) {
        this.rows = List.copyOf(rows);
        this.skipped = List.copyOf(skipped);
        if (rows.isEmpty()) {
            throw new FormatException(
                    name,
                    skipped.isEmpty()
                            ? "there are no examples"
                            : "all " + skipped.size() + " examples are unusable, the first because: "
                                    + skipped.getFirst(),
                    "Give at least one");
        }
    }

    static SftRows of(String name, List<SftExample> examples) {
        List<Row> rows = new ArrayList<>();
        for (SftExample example : examples) {
            rows.add(new Row(example, name + ", example " + (rows.size() + 1)));
        }
        return new SftRows(name, rows, List.of());
    }

    static SftRows read(Rows data, boolean skipBadRows) {
        List<Row> rows = new ArrayList<>();
        List<String> skipped = new ArrayList<>();
        data.forEach(row -> {
            try {
                rows.add(new Row(example(row.json(), row.where()), row.where()));
            } catch (FormatException bad) {
                if (!skipBadRows) {
                    throw bad;
                }
                skipped.add(bad.getMessage());
            }
        });
        return new SftRows(data.path().toString(), rows, skipped);
    }

    /** The example in a row of the data. */
    public static SftExample example(JsonNode row, String where) {
        if (row.has("messages")) {
            if (row.hasNonNull("prompt") || row.hasNonNull("completion")) {
                throw new FormatException(
                        where,
                        "there are 'messages' and also 'prompt' or 'completion', which say what is learned in two ways",
                        "Keep one of the two");
            }
            return SftExample.of(ChatRow.read(row, "messages", where));
        }
        if (row.has("text") && !row.has("prompt")) {
            if (!row.get("text").isTextual()) {
                throw new FormatException(where, "'text' must be a string", "Write one object with it per line");
            }
            return SftExample.text(row.get("text").textValue());
        }
        if (ChatRow.has(row, "prompt") && row.has("completion")) {
            return SftExample.of(ChatRow.read(row, "prompt", where));
        }
        if (!row.path("prompt").isTextual() || !row.path("completion").isTextual()) {
            throw new FormatException(
                    where,
                    "'prompt' and 'completion' must be strings, or lists of messages",
                    "Write one object with these two per line, or with 'messages'");
        }
        return new SftExample(
                row.get("prompt").textValue(), row.get("completion").textValue());
    }

    /** What was wrong with the rows that were left out, each with file and row. */
    public List<String> skipped() {
        return skipped;
    }

    @Override
    public SftExample example(long seed, long index) {
        int place = (int) (index % rows.size());
        return rows.get(Permutation.of(seed, index / rows.size(), rows.size(), place))
                .example();
    }

    @Override
    public List<SftExample> allExamples() {
        return rows.stream().map(Row::example).toList();
    }

    @Override
    public String source(SftExample example) {
        return rows.stream()
                .filter(row -> row.example() == example)
                .findFirst()
                .map(Row::where)
                .orElseGet(() -> SftDataset.super.source(example));
    }
}
