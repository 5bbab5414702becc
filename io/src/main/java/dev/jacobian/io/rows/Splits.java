// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io.rows;

import dev.jacobian.io.FormatException;
import dev.jacobian.tensor.Nullable;
import java.nio.file.Path;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Names of a data set's parts: which of them is meant, and what files are called that belong to one. */
final class Splits {
    static final String TRAIN = "train";

    /** {@code train-00000-of-00002}, as Hugging Face's library writes it; what follows is a hash that old versions added. */
    private static final Pattern SHARD = Pattern.compile("(.+?)-(\\d{5})-of-(\\d{5})(?:-[0-9a-f]{16})?");

    /** Words in names of files and folders, as Hugging Face's library takes them. */
    private static final Map<String, List<String>> WORDS = words();

    private Splits() {}

    private static Map<String, List<String>> words() {
        Map<String, List<String>> words = new LinkedHashMap<>();
        words.put(TRAIN, List.of("train", "training"));
        words.put("validation", List.of("validation", "valid", "dev", "val"));
        words.put("test", List.of("test", "testing", "eval", "evaluation"));
        return words;
    }

    /**
     * One shard of several.
     *
     * @param split the split's name
     * @param index from 0
     * @param count of all
     */
    record Shard(String split, int index, int count) {}

    /** What a file's name says of shards, if anything. */
    static Optional<Shard> shard(Path file) {
        Matcher matcher = SHARD.matcher(stem(file));
        return matcher.matches()
                ? Optional.of(new Shard(
                        matcher.group(1), Integer.parseInt(matcher.group(2)), Integer.parseInt(matcher.group(3))))
                : Optional.empty();
    }

    /**
     * The split that a file belongs to by its name, or else by the folders that it lies in.
     *
     * @param file relative to the data set's folder
     */
    static Optional<String> of(Path file) {
        Optional<Shard> shard = shard(file);
        if (shard.isPresent()) {
            return Optional.of(shard.get().split());
        }
        Optional<String> named = word(stem(file));
        for (Path folder = file.getParent(); named.isEmpty() && folder != null; folder = folder.getParent()) {
            named = word(name(folder));
        }
        return named;
    }

    private static Optional<String> word(String name) {
        List<String> parts = List.of(name.toLowerCase(Locale.ROOT).split("[^a-z]+"));
        return WORDS.entrySet().stream()
                .filter(entry -> entry.getValue().stream().anyMatch(parts::contains))
                .map(Map.Entry::getKey)
                .findFirst();
    }

    /**
     * The split that is meant: the one that is asked for, the only one, or {@code train}.
     *
     * @throws FormatException naming those that there are, if that is none
     */
    static String choose(String where, Collection<String> splits, Optional<String> asked) {
        String name = asked.orElse(splits.size() == 1 ? splits.iterator().next() : TRAIN);
        if (!splits.contains(name)) {
            throw new FormatException(
                    where,
                    (asked.isPresent() ? "there is no split '" + name + "'" : "there are several splits") + "; it has "
                            + String.join(", ", splits),
                    "Name one of them with --split");
        }
        return name;
    }

    /** The failure of asking a file for a split that is one list of rows. */
    static FormatException none(Path file, String split) {
        return new FormatException(
                file.toString(),
                "the file is one list of rows, and has no split '" + split + "'",
                "Leave --split out, or name a data-set folder");
    }

    /** The name of a file without what follows its last dot. */
    static String stem(Path file) {
        String name = name(file);
        int dot = name.lastIndexOf('.');
        return dot > 0 ? name.substring(0, dot) : name;
    }

    /** What follows the last dot of a file's name, in lower case; empty if there is no dot. */
    static String extension(Path file) {
        String name = name(file);
        int dot = name.lastIndexOf('.');
        return dot > 0 ? name.substring(dot + 1).toLowerCase(Locale.ROOT) : "";
    }

    private static String name(Path path) {
        @Nullable Path name = path.getFileName();
        return name == null ? "" : name.toString();
    }
}
