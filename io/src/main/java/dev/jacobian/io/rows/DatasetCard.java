// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io.rows;

import dev.jacobian.io.FormatException;
import dev.jacobian.io.InputFiles;
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
 * <p>Of YAML this is the small part that such heads are written in: one key or list entry a line, told apart by indentation. A
 * head without {@code configs} says nothing, whatever else it holds.
 *
 * @param subsets patterns by split, by subset; {@code default} where it has no name
 */
record DatasetCard(Map<String, Map<String, List<String>>> subsets) {
    private static final String FILE = "README.md";
    private static final long MAX_BYTES = 4L << 20;
    private static final String FENCE = "---";

    /**
     * A line of the head.
     *
     * @param number in the file, from 1
     * @param indent blanks before it, those of a list's dash included
     * @param item whether a dash stands there
     * @param key before the colon; empty for a bare value
     * @param value behind it; empty for none
     */
    private record Line(int number, int indent, boolean item, String key, String value) {}

    /** The card of a folder, if it has one that says where the files are. */
    static Optional<DatasetCard> read(Path folder) {
        Path file = folder.resolve(FILE);
        if (!Files.isRegularFile(file)) {
            return Optional.empty();
        }
        List<Line> configs = configs(
                file,
                new String(InputFiles.read(file, MAX_BYTES, "cards of data sets"), StandardCharsets.UTF_8)
                        .lines()
                        .toList());
        if (configs.isEmpty()) {
            return Optional.empty();
        }
        Map<String, Map<String, List<String>>> subsets = new LinkedHashMap<>();
        for (List<Line> config : items(configs)) {
            String name = value(config, "config_name").orElse("default");
            if (value(config, "data_dir").isPresent()) {
                throw new FormatException(
                        file.toString(),
                        "subset '" + name + "' is said to lie in a folder (data_dir), which is not read",
                        "Name its files there (data_files), or give that folder to --data");
            }
            Map<String, List<String>> splits = splits(config, file);
            if (!splits.isEmpty()) {
                subsets.put(name, splits);
            }
        }
        return subsets.isEmpty() ? Optional.empty() : Optional.of(new DatasetCard(subsets));
    }

    /**
     * The lines below the key {@code configs}.
     *
     * @throws FormatException if it has its value on its own line, which would be passed over without a word
     */
    private static List<Line> configs(Path file, List<String> text) {
        List<Line> found = new ArrayList<>();
        if (text.isEmpty() || !text.getFirst().strip().equals(FENCE)) {
            return found;
        }
        boolean inside = false;
        for (int i = 1; i < text.size() && !text.get(i).strip().equals(FENCE); i++) {
            String raw = text.get(i);
            if (raw.isBlank() || raw.strip().startsWith("#")) {
                continue;
            }
            Line line = line(raw, i + 1);
            if (line.indent() == 0 && !line.item()) {
                inside = line.key().equals("configs");
                if (inside && !line.value().isEmpty()) {
                    throw new FormatException(
                            file + ", line " + line.number(),
                            "what 'configs' says is read from a list below it, not from the same line",
                            "Write each as '- config_name: …' below, or give one of the files to --data");
                }
            } else if (inside) {
                found.add(line);
            }
        }
        return found;
    }

    private static Line line(String raw, int number) {
        int indent = raw.length() - raw.stripLeading().length();
        String rest = raw.strip();
        boolean item = rest.startsWith("- ");
        if (item) {
            String behind = rest.substring(1);
            indent += 1 + behind.length() - behind.stripLeading().length();
            rest = behind.strip();
        }
        int colon = rest.startsWith("\"") || rest.startsWith("'") || rest.startsWith("[")
                ? -1
                : rest.endsWith(":") ? rest.length() - 1 : rest.indexOf(": ");
        return colon < 0
                ? new Line(number, indent, item, "", unquoted(rest))
                : new Line(number, indent, item, rest.substring(0, colon).strip(), unquoted(rest.substring(colon + 1)));
    }

    private static String unquoted(String raw) {
        String text = raw.strip();
        boolean quoted = text.length() > 1
                && (text.startsWith("\"") && text.endsWith("\"") || text.startsWith("'") && text.endsWith("'"));
        return quoted ? text.substring(1, text.length() - 1) : text;
    }

    /** The entries of a list: each begins with a dash that stands no deeper than the first one. */
    private static List<List<Line>> items(List<Line> lines) {
        List<List<Line>> items = new ArrayList<>();
        for (Line line : lines) {
            if (items.isEmpty()
                    || line.item() && line.indent() <= lines.getFirst().indent()) {
                items.add(new ArrayList<>());
            }
            items.getLast().add(line);
        }
        return items;
    }

    private static Optional<String> value(List<Line> lines, String key) {
        return lines.stream()
                .filter(line -> line.key().equals(key) && !line.value().isEmpty())
                .map(Line::value)
                .findFirst();
    }

    /** The lines that stand deeper than a key, behind it; entries of a list may stand as deep as the key itself. */
    private static List<Line> below(List<Line> lines, int key) {
        List<Line> below = new ArrayList<>();
        int indent = lines.get(key).indent();
        for (Line line : lines.subList(key + 1, lines.size())) {
            if (line.indent() <= indent) { // a dash's own blanks count, so an entry below its key is deeper too
                break;
            }
            below.add(line);
        }
        return below;
    }

    private static Map<String, List<String>> splits(List<Line> config, Path file) {
        Map<String, List<String>> splits = new LinkedHashMap<>();
        for (int i = 0; i < config.size(); i++) {
            if (!config.get(i).key().equals("data_files")) {
                continue;
            }
            String inline = config.get(i).value();
            List<Line> below = below(config, i);
            if (!inline.isEmpty()) {
                splits.put(Splits.TRAIN, new ArrayList<>(patterns(inline)));
            } else if (value(below, "split").isEmpty()) {
                splits.put(Splits.TRAIN, new ArrayList<>(values(below)));
            } else {
                for (List<Line> entry : items(below)) {
                    splits.computeIfAbsent(split(entry, file), name -> new ArrayList<>())
                            .addAll(paths(entry));
                }
            }
        }
        return splits;
    }

    private static String split(List<Line> entry, Path file) {
        return value(entry, "split")
                .orElseThrow(() -> new FormatException(
                        file + ", line " + entry.getFirst().number(),
                        "an entry of data_files has no 'split'",
                        "Write 'split' and 'path' of each"));
    }

    private static List<String> paths(List<Line> entry) {
        for (int i = 0; i < entry.size(); i++) {
            if (entry.get(i).key().equals("path")) {
                String inline = entry.get(i).value();
                return inline.isEmpty() ? values(below(entry, i)) : patterns(inline);
            }
        }
        return List.of();
    }

    private static List<String> values(List<Line> lines) {
        return lines.stream().map(Line::value).filter(value -> !value.isEmpty()).toList();
    }

    /** One pattern, or several as {@code [a, b]}. */
    private static List<String> patterns(String value) {
        if (!value.startsWith("[") || !value.endsWith("]")) {
            return List.of(value);
        }
        List<String> patterns = new ArrayList<>();
        for (String part : value.substring(1, value.length() - 1).split(",")) {
            patterns.add(unquoted(part));
        }
        return patterns;
    }
}
