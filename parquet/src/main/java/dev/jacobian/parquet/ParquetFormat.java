// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.parquet;

import com.fasterxml.jackson.databind.JsonNode;
import dev.jacobian.io.FormatException;
import dev.jacobian.io.rows.Row;
import dev.jacobian.io.rows.RowFormat;
import dev.jacobian.parquet.format.Corrupt;
import dev.jacobian.parquet.format.Footer.RowGroup;
import dev.jacobian.parquet.format.Thrift;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Consumer;

/**
 * Parquet (format version 2.11).
 *
 * <p>Decisions:
 *
 * <ul>
 *   <li>A reader of our own, in Java alone and in the caller's thread. Those that there are decode in threads of their own, allocate what
 *       a header says, and decompress in native code, so nobody could hold them to what every reader of untrusted files owes here.
 *   <li>Lists and structs are JSON's arrays and objects, maps with texts for keys are objects. Dates and times are texts (ISO 8601).
 *   <li>A page at a time and column is in memory. A checksum of a page is checked where there is one.
 *   <li>Not read: encryption, columns in other files, LZO, Brotli and Hadoop's LZ4, and the levels of files before 2013.
 * </ul>
 */
public final class ParquetFormat implements RowFormat {
    /** For the service loader. */
    public ParquetFormat() {}

    @Override
    public String name() {
        return "Parquet";
    }

    @Override
    public List<String> extensions() {
        return List.of("parquet", "pq");
    }

    @Override
    public void read(Path path, Consumer<Row> consumer) {
        long number = 0;
        try (ParquetFile file = opened(path)) {
            for (RowGroup group : file.contents().groups()) {
                Records records = reading(path, number + 1, () -> new Records(file, group));
                for (long i = 0; i < group.rows(); i++) {
                    JsonNode row = reading(path, ++number, records::next);
                    consumer.accept(Row.of(path, number, () -> row));
                }
                reading(path, number, records::requireEnd);
            }
        } catch (IOException e) {
            throw new UncheckedIOException("Cannot read " + path + ": " + e.getMessage(), e);
        }
    }

    private static ParquetFile opened(Path path) throws IOException {
        return reading(path, 0, () -> ParquetFile.open(path));
    }

    /** Reads some of a file. */
    @FunctionalInterface
    private interface Reading<T> {
        T read() throws IOException;
    }

    /**
     * Turns what is wrong into an error with the place; so too what the decoders only notice by stumbling over it.
     *
     * @param row being read; 0 for none
     */
    private static <T> T reading(Path path, long row, Reading<T> reading) throws IOException {
        try {
            return reading.read();
        } catch (Corrupt | Thrift.Short | IndexOutOfBoundsException | ArithmeticException wrong) {
            boolean told = wrong instanceof Corrupt;
            throw new FormatException(
                    path + (row == 0 ? "" : ", row " + row),
                    told ? String.valueOf(wrong.getMessage()) : "the file is broken (" + wrong.getMessage() + ")",
                    "Fetch or write the file again",
                    wrong);
        }
    }
}
