// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.sft;

import com.fasterxml.jackson.databind.JsonNode;
import dev.jacobian.io.FormatException;
import dev.jacobian.io.chat.ChatRow;
import dev.jacobian.io.rows.Rows;
import dev.jacobian.io.spill.ListView;
import dev.jacobian.io.spill.NodeCodec;
import dev.jacobian.io.spill.RecordCodec;
import dev.jacobian.io.spill.RecordReader;
import dev.jacobian.io.spill.RecordWriter;
import dev.jacobian.io.spill.Spill;
import dev.jacobian.io.spill.SpillingList;
import java.util.ArrayList;
import java.util.List;

/**
 * Demonstrations of a list, in a new order for every pass; each knows the row that it comes from. Those of a file are kept in memory or, where
 * they are many, in a temporary file ({@link SpillingList}), and made anew when they are asked for.
 */
public final class SftRows implements SftDataset {
    /** An example and where it stands. */
    private record Row(SftExample example, String where) {}

    /** A row as it was read. */
    private record Stored(JsonNode json, String where) {
        static final RecordCodec<Stored> CODEC = RecordCodec.of(Stored::write, Stored::read);

        private static void write(Stored row, RecordWriter out) {
            out.text(row.where);
            NodeCodec.INSTANCE.write(row.json, out);
        }

        private static Stored read(RecordReader in) {
            String where = in.text();
            return new Stored(NodeCodec.INSTANCE.read(in), where);
        }

        Row row() {
            return new Row(SftRows.example(json, where), where);
        }
    }

    private final List<Row> rows;
    private final List<String> skipped;

    private SftRows(String name, List<Row> rows, List<String> skipped) {
        this.rows = rows;
        this.skipped = skipped;
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
        return new SftRows(name, List.copyOf(rows), List.of());
    }

    static SftRows read(Rows data, boolean skipBadRows, Spill spill) {
        SpillingList<Stored> stored = new SpillingList<>(Stored.CODEC, spill);
        SpillingList<String> skipped = SpillingList.ofTexts(spill);
        try {
            data.forEach(row -> {
                try {
                    Stored own = new Stored(row.json(), row.where());
                    own.row(); // which says what is wrong with it
                    stored.add(own);
                } catch (FormatException bad) {
                    if (!skipBadRows) {
                        throw bad;
                    }
                    skipped.add(String.valueOf(bad.getMessage()));
                }
            });
            return new SftRows(data.path().toString(), ListView.mapped(stored, Stored::row), skipped);
        } catch (RuntimeException | Error e) {
            stored.close();
            skipped.close();
            throw e;
        }
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
        return ListView.mapped(rows, Row::example);
    }

    @Override
    public String source(SftExample example) {
        return rows.stream()
                .filter(row -> row.example().equals(example))
                .findFirst()
                .map(Row::where)
                .orElseGet(() -> SftDataset.super.source(example));
    }
}
