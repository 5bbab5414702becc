// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io.rows;

import com.fasterxml.jackson.databind.JsonNode;
import dev.jacobian.io.FormatException;
import dev.jacobian.io.InputFiles;
import dev.jacobian.io.Json;
import dev.jacobian.io.Yaml;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What the head of a data set's README.md says of its files: {@code configs}, each with a {@code config_name} and {@code data_files},
 * which are a pattern, a list of patterns, or patterns of each split.
 *
 * <p>Names and patterns are text as they are written, whatever else YAML would make of {@code 2024} or {@code 1.10}. A head without {@code
 * configs} says nothing of files, whatever else it holds, and be it no YAML at all.
 *
 * @param subsets patterns by split, by subset; {@code default} where it has no name
 */
record DatasetCard(Map<String, Map<String, List<String>>> subsets) {
    private static final String FILE = "README.md";
    private static final long MAX_BYTES = 4L << 20;
    private static final String FENCE = "---";
    private static final String CONFIGS = "configs";

    /** The card of a folder, if it has one that says where the files are. */
    static Optional<DatasetCard> read(Path folder) {
        Path file = folder.resolve(FILE);
        if (!Files.isRegularFile(file)) {
            return Optional.empty();
        }
        String head =
                head(new String(InputFiles.read(file, MAX_BYTES, "cards of data sets"), StandardCharsets.UTF_8), file);
        if (!head.contains(CONFIGS)) {
            return Optional.empty();
        }
        JsonNode configs = Yaml.parseNames(head, file.toString()).path(CONFIGS);
        if (configs.isMissingNode() || configs.isNull()) {
            return Optional.empty();
        }
        if (!configs.isArray()) {
            throw wrong(file, CONFIGS, configs, "a list", "Write each as '- config_name: …' below");
        }
        Map<String, Map<String, List<String>>> subsets = new LinkedHashMap<>();
        for (int i = 0; i < configs.size(); i++) {
            Subset subset = subset(configs.get(i), file, CONFIGS + "[" + i + "]");
            if (!subset.splits().isEmpty() && subsets.put(subset.name(), subset.splits()) != null) {
                throw new FormatException(
                        file.toString(), "there are two subsets '" + subset.name() + "'", "Keep one of them");
            }
        }
        return subsets.isEmpty() ? Optional.empty() : Optional.of(new DatasetCard(subsets));
    }

    private record Subset(String name, Map<String, List<String>> splits) {}

    /** The lines between the fences, with the first one, so that lines are counted as in the file. */
    private static String head(String text, Path file) {
        List<String> lines = text.startsWith("\uFEFF")
                ? text.substring(1).lines().toList()
                : text.lines().toList();
        if (lines.isEmpty() || !lines.getFirst().strip().equals(FENCE)) {
            return "";
        }
        for (int i = 1; i < lines.size(); i++) {
            if (lines.get(i).strip().equals(FENCE)) {
                return String.join("\n", lines.subList(0, i)) + "\n";
            }
        }
        if (lines.stream().anyMatch(line -> line.startsWith(CONFIGS))) {
            throw new FormatException(
                    file + ", line 1",
                    "the head of the card, which says where the files are, has no end",
                    "Write --- below its last line, or give one of the files to --data");
        }
        return "";
    }

    private static Subset subset(JsonNode config, Path file, String at) {
        if (!config.isObject()) {
            throw wrong(file, at, config, "a mapping", "Write '- config_name: …' and below it 'data_files: …'");
        }
        String name = config.hasNonNull("config_name")
                ? text(config.get("config_name"), file, at + ".config_name")
                : "default";
        if (config.hasNonNull("data_dir")) {
            throw new FormatException(
                    file.toString(),
                    "subset '" + name + "' is said to lie in a folder (data_dir), which is not read",
                    "Name its files there (data_files), or give that folder to --data");
        }
        Map<String, List<String>> splits = splits(config.path("data_files"), file, at + ".data_files");
        return new Subset(name, splits);
    }

    /** A pattern or a list of them, which are {@code train}; a list of entries with split and path; or a mapping from split to path. */
    private static Map<String, List<String>> splits(JsonNode files, Path file, String at) {
        Map<String, List<String>> splits = new LinkedHashMap<>();
        if (files.isMissingNode() || files.isNull()) {
            return splits;
        }
        if (files.isObject()) {
            files.properties()
                    .forEach(entry ->
                            splits.put(entry.getKey(), patterns(entry.getValue(), file, at + "." + entry.getKey())));
        } else if (files.path(0).isObject()) {
            for (int i = 0; i < files.size(); i++) {
                JsonNode entry = files.get(i);
                String one = at + "[" + i + "]";
                if (!entry.hasNonNull("split") || !entry.hasNonNull("path")) {
                    throw wrong(
                            file, one, entry, "an entry with 'split' and 'path'", "Write 'split' and 'path' of each");
                }
                splits.computeIfAbsent(text(entry.get("split"), file, one + ".split"), split -> new ArrayList<>())
                        .addAll(patterns(entry.get("path"), file, one + ".path"));
            }
        } else {
            splits.put(Splits.TRAIN, patterns(files, file, at));
        }
        return splits;
    }

    /** One pattern, or several. */
    private static List<String> patterns(JsonNode json, Path file, String at) {
        if (!json.isArray()) {
            return List.of(text(json, file, at));
        }
        List<String> patterns = new ArrayList<>();
        for (int i = 0; i < json.size(); i++) {
            patterns.add(text(json.get(i), file, at + "[" + i + "]"));
        }
        return patterns;
    }

    private static String text(JsonNode json, Path file, String at) {
        if (!json.isTextual() || json.textValue().isBlank()) {
            throw wrong(file, at, json, "a name or pattern", "Write it as text");
        }
        return json.textValue();
    }

    private static FormatException wrong(Path file, String at, JsonNode found, String expected, String fix) {
        return new FormatException(
                file + ", " + at,
                "this is " + Json.excerpt(found) + ", and not " + expected,
                fix + ", or give one of the files to --data");
    }
}
