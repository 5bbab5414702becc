// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.parquet;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jacobian.io.FormatException;
import dev.jacobian.testing.TestPaths;
import dev.jacobian.testing.fuzz.Bytes;
import dev.jacobian.testing.fuzz.Choices;
import dev.jacobian.testing.fuzz.Fuzz;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Broken Parquet files: a clear error or rows, soon, and in memory that the file accounts for. */
class ParquetFuzzTest {
    private static final List<String> NAMES = List.of(
            "duckdb-snappy",
            "duckdb-zstd",
            "duckdb-gzip",
            "duckdb-lz4_raw",
            "duckdb-v2-zstd",
            "arrow-v2-delta",
            "arrow-dict-zstd",
            "hyparquet");
    private static final Map<String, byte[]> FILES =
            NAMES.stream().collect(Collectors.toMap(name -> name, ParquetFuzzTest::bytes));

    @TempDir
    Path folder;

    private static byte[] bytes(String name) {
        try {
            return Files.readAllBytes(TestPaths.testdata("parquet", name + ".parquet"));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Changed anywhere, or in the footer alone, whose length stands at the end; or lengthened numbers where there are few. */
    private static byte[] input(Choices choices) {
        byte[] file = FILES.get(choices.of(NAMES)).clone();
        if (choices.oneIn(3)) {
            return Bytes.mutate(file, choices);
        }
        int footer = (file[file.length - 8] & 255) | (file[file.length - 7] & 255) << 8;
        int from = choices.oneIn(2) ? file.length - 8 - footer : 4;
        int span = from == 4 ? file.length - 8 - footer - 4 : footer;
        for (int i = choices.below(3) + 1; i > 0; i--) {
            int at = from + choices.below(span);
            switch (choices.below(3)) {
                case 0 -> file[at] ^= (byte) (1 << choices.below(8));
                case 1 -> file[at] = (byte) choices.below(256);
                default -> { // a number that goes on for bytes: what a count or an offset becomes when it is made huge
                    for (int k = at; k < Math.min(at + choices.below(9), from + span); k++) {
                        file[k] = (byte) (0x80 | choices.below(128));
                    }
                }
            }
        }
        return file;
    }

    @Test
    void readsOrSaysWhatIsWrong() {
        Path path = folder.resolve("rows.parquet");
        int inputs = Fuzz.inputs(1500);
        ParquetFormat format = new ParquetFormat();
        int read = Fuzz.run(
                inputs,
                1,
                ParquetFuzzTest::input,
                input -> {
                    Files.write(path, input);
                    format.read(path, row -> row.json());
                },
                FormatException.class::isInstance);
        assertThat(read).isBetween(inputs / 50, inputs - inputs / 50);
    }
}
