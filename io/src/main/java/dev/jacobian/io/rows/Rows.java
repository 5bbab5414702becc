// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io.rows;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.FormatException;
import dev.jacobian.io.InputFiles;
import dev.jacobian.io.Json;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.ServiceLoader;
import java.util.function.Consumer;

/**
 * A data set: rows one after another, from a file or from a Hugging Face data-set folder.
 *
 * <pre>{@code
 * Rows.of(Path.of("gsm8k")).split("test").renamed(Map.of("prompt", "question")).forEach(row -> ...);
 * }</pre>
 *
 * <p>Decisions:
 *
 * <ul>
 *   <li>Rows are read one at a time, again with every {@link #forEach}: a file may be larger than memory. What is kept of a row is the
 *       reader's affair.
 *   <li>A file's format is its name's ending. A name without one that is known is JSON lines, unless the file begins as Parquet does.
 *   <li>Parquet comes as a service, from the module {@code dev.jacobian.parquet}; where that is missing, the error says so.
 *   <li>Nothing is guessed: a column is called as in the data unless it is {@linkplain #renamed given another name}.
 * </ul>
 *
 * @param path file or folder
 * @param split which part of it, {@code SPLIT} or {@code SUBSET/SPLIT}; empty for {@code train}, or the only one that there is
 * @param columns for each new name of a column its name in the data; a column that had the new name is replaced
 */
public record Rows(Path path, Optional<String> split, Map<String, String> columns) {
    private static final byte[] PARQUET_MAGIC = "PAR1".getBytes(StandardCharsets.US_ASCII);
    private static final List<String> PARQUET = List.of("parquet", "pq");

    /** Copies the columns, in their order. */
    public Rows {
        columns = Collections.unmodifiableMap(new LinkedHashMap<>(columns));
    }

    /** The whole of a file, or the usual split of a folder. */
    public static Rows of(Path path) {
        return new Rows(path, Optional.empty(), Map.of());
    }

    /** These rows' other split. */
    public Rows split(String name) {
        return new Rows(path, Optional.of(name), columns);
    }

    /** The same with columns under other names: for each new name the name in the data. */
    public Rows renamed(Map<String, String> names) {
        return new Rows(path, split, names);
    }

    /**
     * The files that the rows are in, in order.
     *
     * @throws FormatException if a folder has no data, or not the split
     * @throws UncheckedIOException if there is nothing of that name
     */
    public List<Path> files() {
        if (!Files.isDirectory(path)) {
            InputFiles.requireRegular(path);
            return List.of(path);
        }
        List<String> known = formats().stream()
                .flatMap(format -> format.extensions().stream())
                .toList();
        return new DataFolder(
                        path,
                        file -> known.contains(Splits.extension(file)) || PARQUET.contains(Splits.extension(file)))
                .files(split);
    }

    /**
     * Hands out all rows in order, each before the next one is read.
     *
     * @throws FormatException naming file and row, if the data cannot be read on; what is wrong with one row alone, its {@link Row#json}
     *     throws
     * @throws UncheckedIOException if a file cannot be read at all
     */
    public void forEach(Consumer<Row> consumer) {
        for (Path file : files()) {
            RowFormat format = format(file);
            if (split.isPresent() && file.equals(path) && !(format instanceof JsonFormat)) {
                throw Splits.none(file, split.get());
            }
            format.read(file, row -> consumer.accept(columns.isEmpty() ? row : renamed(row)));
        }
    }

    /**
     * How many rows there are. Reads all of them.
     *
     * @throws FormatException if one is broken
     */
    public int count() {
        int[] count = {0};
        forEach(row -> {
            row.json();
            count[0] = Math.incrementExact(count[0]);
        });
        return count[0];
    }

    private Row renamed(Row row) {
        return new Row(row.file(), row.number(), row.where(), () -> renamed(row.json(), row.where()));
    }

    private JsonNode renamed(JsonNode json, String where) {
        if (!(json instanceof ObjectNode object)) {
            return json;
        }
        Map<String, JsonNode> found = new LinkedHashMap<>();
        columns.forEach((name, column) -> {
            if (!object.has(column)) {
                List<String> names = new ArrayList<>();
                object.fieldNames().forEachRemaining(names::add);
                throw new FormatException(
                        where,
                        "there is no column '" + column + "', which is to be '" + name + "'; the row has "
                                + (names.isEmpty() ? "none" : String.join(", ", names)),
                        "Correct --column");
            }
            found.put(name, object.get(column));
        });
        ObjectNode renamed = Json.object();
        object.properties().forEach(field -> {
            if (!columns.containsValue(field.getKey())) {
                renamed.set(field.getKey(), field.getValue());
            }
        });
        found.forEach(renamed::set);
        return renamed;
    }

    // Formats

    private List<RowFormat> formats() {
        Optional<String> listed = Files.isDirectory(path) ? Optional.empty() : split; // a folder's splits are files
        List<RowFormat> formats =
                new ArrayList<>(List.of(new JsonLinesFormat(), new JsonFormat(listed), new CsvFormat()));
        ServiceLoader.load(RowFormat.class, Rows.class.getClassLoader()).forEach(formats::add);
        return formats;
    }

    private RowFormat format(Path file) {
        String extension = Splits.extension(file);
        Optional<RowFormat> known = formats().stream()
                .filter(format -> format.extensions().contains(extension))
                .findFirst();
        packed(extension).ifPresent(what -> {
            throw new FormatException(
                    file.toString(), "it is called " + what, "Unpack it, or write the data as JSON lines or Parquet");
        });
        byte[] begin = begin(file);
        requireUnpacked(file, begin);
        if (known.isPresent()) {
            return known.get();
        }
        if (PARQUET.contains(extension) || Arrays.equals(begin, PARQUET_MAGIC)) {
            return formats().stream()
                    .filter(format -> format.extensions().contains("parquet"))
                    .findFirst()
                    .orElseThrow(() -> new FormatException(
                            file.toString(),
                            "it is a Parquet file, and the module dev.jacobian.parquet, which reads them, is not there",
                            "Put jacobian-parquet on the module path (or class path) beside jacobian-io, or write the"
                                    + " data as JSON lines"));
        }
        return new JsonLinesFormat();
    }

    /** What a name says that is certainly not JSON lines. */
    private static Optional<String> packed(String extension) {
        return switch (extension) {
            case "gz", "zst", "bz2", "xz", "zip", "tar", "tgz", "7z", "lz4" ->
                Optional.of("." + extension + ", which is packed");
            case "arrow", "feather" -> Optional.of("." + extension + ", and Arrow files are not read");
            case "xlsx", "xls", "pkl", "pickle", "npy", "npz", "pt", "safetensors", "gguf", "avro", "orc", "db" ->
                Optional.of("." + extension + ", which is no format of rows that is read");
            default -> Optional.empty();
        };
    }

    /** A packed file by whatever name: its bytes would be told of as text that is broken. */
    private static void requireUnpacked(Path file, byte[] begin) {
        String by = begin.length < 2
                ? ""
                : switch ((begin[0] & 0xFF) << 8 | begin[1] & 0xFF) {
                    case 0x1F8B -> "gzip";
                    case 0x28B5 -> "zstd";
                    case 0xFD37 -> "xz";
                    default -> new String(begin, StandardCharsets.ISO_8859_1).equals("PK\3\4") ? "zip" : "";
                };
        if (!by.isEmpty()) {
            throw new FormatException(
                    file.toString(),
                    "it begins as a file that " + by + " has packed",
                    "Unpack it, or write the data as JSON lines or Parquet");
        }
    }

    /** The first bytes, as many as Parquet begins with, if there are so many. */
    private static byte[] begin(Path file) {
        InputFiles.requireRegular(file); // a pipe would be waited for
        try (InputStream in = Files.newInputStream(file)) {
            return in.readNBytes(PARQUET_MAGIC.length);
        } catch (IOException e) {
            throw new UncheckedIOException("Cannot read " + file + ": " + e.getMessage(), e);
        }
    }
}
