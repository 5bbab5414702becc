// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io.rows;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.FormatException;
import dev.jacobian.io.InputFiles;
import dev.jacobian.io.Json;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;

/**
 * Comma-separated values (RFC 4180) with a line of names first; with tabs between cells where the file is called {@code .tsv}.
 *
 * <p>Every cell is a string: the format has no types, and to guess them would make 7 of the answer {@code 007}. An empty cell is no
 * value, and one that is empty between quotes the empty string.
 */
final class CsvFormat implements RowFormat {
    @Override
    public String name() {
        return "CSV";
    }

    @Override
    public List<String> extensions() {
        return List.of("csv", "tsv");
    }

    @Override
    public void read(Path file, Consumer<Row> consumer) {
        InputFiles.requireRegular(file);
        char delimiter = Splits.extension(file).equals("tsv") ? '\t' : ',';
        long row = 0;
        try (CsvReader records = new CsvReader(
                new InputStreamReader(Files.newInputStream(file), StandardCharsets.UTF_8.newDecoder()), delimiter)) {
            List<String> names = names(file, records);
            while (records.next()) {
                row++;
                CsvReader.Line line = records.line();
                String where = file + ", row " + row + " (line " + line.number() + ")";
                consumer.accept(new Row(file, row, where, () -> object(names, line, where)));
            }
        } catch (CharacterCodingException e) {
            throw new FormatException(
                    file + ", row " + (row + 1) + " or soon after", "not UTF-8", "Save the file again as UTF-8", e);
        } catch (CsvReader.TooLong e) {
            throw new FormatException(
                    file + ", row " + (row + 1),
                    String.valueOf(e.getMessage()),
                    "Check that the quote at the beginning of a cell has one at its end",
                    e);
        } catch (IOException e) {
            throw new UncheckedIOException("Cannot read " + file + ": " + e.getMessage(), e);
        }
    }

    private static List<String> names(Path file, CsvReader records) throws IOException {
        if (!records.next()) {
            throw new FormatException(
                    file.toString(), "the file is empty", "CSV begins with a line of the columns' names");
        }
        CsvReader.Line header = records.line();
        header.fault().ifPresent(fault -> {
            throw new FormatException(file + ", line 1", fault, "Correct the line of the columns' names");
        });
        List<String> names =
                header.cells().stream().map(name -> name == null ? "" : name).toList();
        Set<String> seen = new HashSet<>();
        for (String name : names) {
            if (name.isBlank() && names.size() > 1 && seen.add(name)) {
                continue; // pandas writes its index under no name
            }
            if (!seen.add(name) || name.isBlank()) {
                throw new FormatException(
                        file + ", line 1",
                        name.isBlank() ? "a column has no name" : "two columns are called '" + name + "'",
                        "CSV begins with a line of the columns' names, each of them different");
            }
        }
        return names;
    }

    private static JsonNode object(List<String> names, CsvReader.Line line, String where) {
        line.fault().ifPresent(fault -> {
            throw new FormatException(
                    where, fault, "Put the cell between quotes, and write each quote inside of it twice");
        });
        List<String> cells = line.cells();
        if (cells.size() != names.size()) {
            throw new FormatException(
                    where,
                    "the row has " + cells.size() + " cells, and there are " + names.size() + " columns",
                    "A cell with a comma or a line end in it stands between quotes");
        }
        ObjectNode object = Json.object();
        for (int i = 0; i < names.size(); i++) {
            if (cells.get(i) != null) {
                object.put(names.get(i), cells.get(i));
            } else {
                object.putNull(names.get(i));
            }
        }
        return object;
    }
}
