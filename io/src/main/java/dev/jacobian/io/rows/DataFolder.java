// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io.rows;

import dev.jacobian.io.FormatException;
import dev.jacobian.tensor.Nullable;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.PathMatcher;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Predicate;
import java.util.regex.PatternSyntaxException;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * A folder as Hugging Face keeps data sets in: files of rows, perhaps in shards, perhaps of several splits and subsets.
 *
 * <p>Which file belongs to what is said by the {@linkplain DatasetCard README.md}, or else by the names of files and folders ({@link
 * Splits}); where no name says anything, all are {@code train}. A split is asked for by its name, one of a subset as {@code
 * SUBSET/SPLIT}; without a card a subset is a folder.
 */
final class DataFolder {
    private static final int MAX_DEPTH = 8;
    private static final int MAX_FILES = 100_000;

    /** Files that libraries put beside the data. */
    private static final Set<String> BESIDE =
            Set.of("dataset_infos.json", "dataset_info.json", "dataset_dict.json", "state.json");

    private final Path folder;
    private final Predicate<Path> isData;
    private final List<Path> all;

    /** @param isData whether a file's name is one of a format that is read */
    DataFolder(Path folder, Predicate<Path> isData) {
        this.folder = resolved(folder);
        this.isData = isData;
        this.all = walk(this.folder);
    }

    /**
     * The files of a split in their order.
     *
     * @param asked {@code SPLIT} or {@code SUBSET/SPLIT}; empty for {@code train}, or the only one
     * @throws FormatException if there is no such split, one of its shards is missing, or its files are of several formats
     */
    List<Path> files(Optional<String> asked) {
        int slash = asked.map(name -> name.lastIndexOf('/')).orElse(-1);
        Optional<String> subset = asked.filter(name -> slash > 0).map(name -> name.substring(0, slash));
        Optional<String> split = asked.map(name -> name.substring(slash + 1));
        Optional<DatasetCard> card = DatasetCard.read(folder);
        if (card.isEmpty() && subset.isPresent()) {
            Path inner = folder.resolve(subset.get()).normalize();
            if (!inner.startsWith(folder.normalize()) || !Files.isDirectory(inner)) {
                throw new FormatException(
                        folder.toString(), "there is no folder '" + subset.get() + "' in it", "Correct --split");
            }
            return new DataFolder(inner, isData).files(split);
        }
        Map<String, List<Path>> splits =
                card.map(head -> listed(subset(head, subset))).orElseGet(this::named);
        if (splits.isEmpty()) {
            throw noData();
        }
        List<Path> files = splits.getOrDefault(Splits.choose(folder.toString(), splits.keySet(), split), List.of());
        requireWhole(files);
        return files;
    }

    private Map<String, List<String>> subset(DatasetCard card, Optional<String> asked) {
        Map<String, Map<String, List<String>>> subsets = card.subsets();
        String name =
                asked.orElse(subsets.size() == 1 ? subsets.keySet().iterator().next() : "default");
        if (!subsets.containsKey(name)) {
            throw new FormatException(
                    folder.toString(),
                    (asked.isPresent() ? "there is no subset '" + name + "'" : "there are several subsets")
                            + "; it has " + String.join(", ", subsets.keySet()),
                    "Name one of them with --split SUBSET/SPLIT");
        }
        return subsets.get(name);
    }

    /** The files that the card's patterns match. */
    private Map<String, List<Path>> listed(Map<String, List<String>> patterns) {
        Map<String, List<Path>> splits = new TreeMap<>();
        patterns.forEach((split, globs) -> splits.put(
                split, globs.stream().flatMap(this::matching).distinct().toList()));
        return splits;
    }

    private Stream<Path> matching(String pattern) {
        List<Path> found = all.stream().filter(matcher(pattern)).toList();
        if (found.isEmpty()) {
            throw new FormatException(
                    folder.resolve("README.md").toString(),
                    "data_files says '" + pattern + "', and there is no such file in the folder",
                    "Fetch the whole data set, or name one of its files instead of the folder");
        }
        return found.stream();
    }

    private Predicate<Path> matcher(String pattern) {
        String relative = pattern.startsWith("./") ? pattern.substring(2) : pattern;
        try {
            PathMatcher glob = FileSystems.getDefault().getPathMatcher("glob:" + relative);
            PathMatcher below = FileSystems.getDefault() // of Hugging Face's globs, ** is also no folder at all
                    .getPathMatcher("glob:" + relative.replace("**/", ""));
            return file -> glob.matches(folder.relativize(file)) || below.matches(folder.relativize(file));
        } catch (PatternSyntaxException wrong) {
            throw new FormatException(
                    folder.resolve("README.md").toString(),
                    "data_files says '" + pattern + "', which is no pattern of files",
                    "Correct it, or name one of the files instead of the folder",
                    wrong);
        }
    }

    /** Files by what their names say. */
    private Map<String, List<Path>> named() {
        List<Path> data = all.stream().filter(isData).toList();
        Map<String, List<Path>> splits = new TreeMap<>();
        for (Path file : data) {
            Splits.of(folder.relativize(file))
                    .ifPresent(split -> splits.computeIfAbsent(split, name -> new ArrayList<>())
                            .add(file));
        }
        return splits.isEmpty() && !data.isEmpty() ? Map.of(Splits.TRAIN, data) : splits;
    }

    private FormatException noData() {
        boolean arrow = all.stream().anyMatch(file -> Splits.extension(file).equals("arrow"));
        return new FormatException(
                folder.toString(),
                arrow
                        ? "the folder holds Arrow files, which save_to_disk writes"
                        : "there is no file of rows in the folder",
                arrow
                        ? "Write the data set with to_parquet or to_json instead"
                        : "Files of rows end in .parquet, .jsonl, .json, .csv or .tsv");
    }

    /** What shards are of: those with the same one are siblings. */
    private record Whole(@Nullable Path folder, String split, int count) {
        static Whole of(Path file, Splits.Shard shard) {
            return new Whole(file.getParent(), shard.split(), shard.count());
        }
    }

    /** A data set that was fetched in part would be learned from in part. */
    private void requireWhole(List<Path> files) {
        Map<Whole, Set<Integer>> shards = new HashMap<>();
        files.forEach(file -> Splits.shard(file)
                .ifPresent(shard -> shards.computeIfAbsent(Whole.of(file, shard), none -> new HashSet<>())
                        .add(shard.index())));
        for (Path file : files) {
            Optional<Splits.Shard> shard = Splits.shard(file);
            int siblings = shard.map(one ->
                            shards.getOrDefault(Whole.of(file, one), Set.of()).size())
                    .orElse(0);
            if (shard.isPresent() && siblings != shard.get().count()) {
                throw new FormatException(
                        file.toString(),
                        "this is one of " + shard.get().count() + " shards, and " + siblings + " are there",
                        "Fetch the others, or give this file alone");
            }
        }
        Set<String> kinds = files.stream().map(Splits::extension).collect(Collectors.toSet());
        if (kinds.size() > 1) {
            throw new FormatException(
                    folder.toString(),
                    "the split's files are of several formats: ." + String.join(", .", new TreeSet<>(kinds)),
                    "Give one of the files, or a folder with one format");
        }
    }

    /** The folder itself where a link stands for it, as in caches. */
    private static Path resolved(Path folder) {
        try {
            return Files.isSymbolicLink(folder) ? folder.toRealPath() : folder;
        } catch (IOException e) {
            throw new UncheckedIOException("Cannot look at " + folder + ": " + e.getMessage(), e);
        }
    }

    private static List<Path> walk(Path folder) {
        try (Stream<Path> entries = Files.walk(folder, MAX_DEPTH)) {
            List<Path> files = entries.filter(path -> isVisible(folder.relativize(path)))
                    .filter(path -> !BESIDE.contains(String.valueOf(path.getFileName())))
                    .filter(Files::isRegularFile) // links too: caches are made of them
                    .limit(MAX_FILES + 1L)
                    .sorted()
                    .toList();
            if (files.size() > MAX_FILES) {
                throw new FormatException(
                        folder.toString(),
                        "there are more than " + MAX_FILES + " files in the folder",
                        "Give the folder of one data set");
            }
            return files;
        } catch (IOException e) {
            throw new UncheckedIOException("Cannot list " + folder + ": " + e.getMessage(), e);
        }
    }

    private static boolean isVisible(Path relative) {
        for (Path part : relative) {
            if (part.toString().startsWith(".") && !part.toString().isEmpty()) {
                return false;
            }
        }
        return true;
    }
}
