// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.promptset;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.BooleanNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.AtomicFiles;
import dev.jacobian.io.FormatException;
import dev.jacobian.io.Json;
import dev.jacobian.io.rows.Row;
import dev.jacobian.io.rows.Rows;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.channels.Channels;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Pattern;

/**
 * Runs a tool over a set of prompts and writes what comes out: JSON lines of the rows that are kept, each with all that it had and what
 * was measured, and beside it an SVG picture of the distribution.
 *
 * <p>What the data has is never replaced: where it has a column of the name under which something was measured, because a tool ran over
 * it before or because it is somebody's own, the new one is called {@code NAME_2}.
 *
 * <p>Rows are read once to find something out, once for their names and once to write, so that only findings are kept. Both files appear whole or
 * not at all, and neither over the data that is read.
 */
public final class PromptSet {
    private static final String KEPT = "kept";
    private static final Pattern NUMBER = Pattern.compile("_[0-9]+$");

    private PromptSet() {}

    /**
     * What was done.
     *
     * @param distribution of what was measured
     * @param renamed columns of the tool that the data has as well, with the names that they got
     * @param out the new data
     * @param picture of the distribution
     */
    public record Result(Distribution distribution, Map<String, String> renamed, Path out, Path picture) {
        /** Copies the names. */
        public Result {
            renamed = Collections.unmodifiableMap(new TreeMap<>(renamed));
        }
    }

    /**
     * Runs a tool.
     *
     * @param out the new data, {@code NAME.jsonl}; the picture is {@code NAME.svg} beside it
     * @param all whether rows that are not kept are written too; a column {@code kept} then says which are
     * @throws FormatException if a row is no prompt, or {@code out} is a file of the data
     */
    public static Result run(PromptTool tool, Rows data, Path out, boolean all) {
        requireOther(data, out);
        Path picture = picture(out);
        List<Finding> findings = tool.find(data);
        if (findings.isEmpty()) {
            throw new FormatException(data.path().toString(), "there are no rows", "Give at least one");
        }
        Distribution distribution = Distribution.of(tool, findings);
        Map<String, String> renamed = renamed(data, findings, all);
        AtomicFiles.write(out, channel -> {
            // Not closed: the channel is not ours.
            OutputStream stream = new BufferedOutputStream(Channels.newOutputStream(channel), 1 << 16);
            write(data, findings, renamed, all, stream);
            stream.flush();
        });
        AtomicFiles.writeString(
                picture, DistributionSvg.of(distribution, data.path().toString()));
        return new Result(distribution, renamed, out, picture);
    }

    /** Other names for measured columns that the data has itself. */
    private static Map<String, String> renamed(Rows data, List<Finding> findings, boolean all) {
        Set<String> measured = new HashSet<>(all ? Set.of(KEPT) : Set.of());
        findings.forEach(finding -> measured.addAll(finding.columns().keySet()));
        Set<String> taken = new HashSet<>();
        data.forEach(row -> row.json().fieldNames().forEachRemaining(name -> {
            if (measured.contains(NUMBER.matcher(name).replaceFirst(""))) {
                taken.add(name);
            }
        }));
        Map<String, String> renamed = new HashMap<>();
        for (String name : measured) {
            if (taken.contains(name)) {
                int number = 2;
                while (taken.contains(name + "_" + number)) {
                    number++;
                }
                renamed.put(name, name + "_" + number);
            }
        }
        return renamed;
    }

    private static Path picture(Path out) {
        String name = String.valueOf(out.getFileName());
        int dot = name.lastIndexOf('.');
        return out.resolveSibling((dot > 0 ? name.substring(0, dot) : name) + ".svg");
    }

    /** Refuses to write over what is read, and under a name that promises another format. */
    public static void requireOther(Rows data, Path out) {
        String name = String.valueOf(out.getFileName());
        if (!name.endsWith(".jsonl") && !name.endsWith(".ndjson")) {
            throw new FormatException(
                    out.toString(), "the new data is JSON lines", "Give it a name that ends in .jsonl");
        }
        for (Path file : data.files()) {
            try {
                if (Files.exists(out) && Files.isSameFile(file, out)) {
                    throw new FormatException(out.toString(), "it is the data that is read", "Choose another --out");
                }
            } catch (IOException e) {
                throw new UncheckedIOException("cannot look at " + out, e);
            }
        }
    }

    private static void write(
            Rows data, List<Finding> findings, Map<String, String> renamed, boolean all, OutputStream out) {
        int[] at = {0};
        data.forEach(row -> {
            if (at[0] >= findings.size()) {
                throw changed(data);
            }
            Finding finding = findings.get(at[0]++);
            if (finding.kept() || all) {
                line(out, with(row, finding, renamed, all));
            }
        });
        if (at[0] != findings.size()) {
            throw changed(data);
        }
    }

    private static void line(OutputStream out, JsonNode row) {
        try {
            out.write((Json.compact(row) + "\n").getBytes(StandardCharsets.UTF_8));
        } catch (IOException e) {
            throw new UncheckedIOException("cannot write the new data: " + e.getMessage(), e);
        }
    }

    private static JsonNode with(Row row, Finding finding, Map<String, String> renamed, boolean all) {
        if (!(row.json() instanceof ObjectNode object)) {
            throw new FormatException(row.where(), "a row must be a JSON object", "Correct the row");
        }
        ObjectNode copy = object.deepCopy();
        new TreeMap<>(finding.columns()).forEach((name, value) -> copy.set(renamed.getOrDefault(name, name), value));
        if (all) {
            copy.set(renamed.getOrDefault(KEPT, KEPT), BooleanNode.valueOf(finding.kept()));
        }
        return copy;
    }

    private static FormatException changed(Rows data) {
        return new FormatException(
                data.path().toString(), "the data became another one while it was read", "Run the tool again");
    }
}
