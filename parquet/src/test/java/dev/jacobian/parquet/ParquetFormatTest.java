// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.parquet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.FormatException;
import dev.jacobian.io.Json;
import dev.jacobian.io.Jsonl;
import dev.jacobian.io.rows.Rows;
import dev.jacobian.testing.TestPaths;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Files that DuckDB, arrow-rs and hyparquet-writer wrote, beside the same rows as JSON by DuckDB and by the program that made them. */
class ParquetFormatTest {
    @TempDir
    Path folder;

    private static Path file(String name) {
        return TestPaths.testdata("parquet", name);
    }

    private static List<JsonNode> rows(Path file) {
        List<JsonNode> rows = new ArrayList<>();
        Rows.of(file).forEach(row -> rows.add(row.json()));
        return rows;
    }

    /** As DuckDB prints them: times with a blank, blobs as the characters that these are. */
    private static JsonNode asDuckDb(JsonNode row) {
        ObjectNode copy = row.deepCopy();
        copy.put(
                "at",
                row.get("at").textValue().replace('T', ' ')
                        + (row.get("at").textValue().length() < 19 ? ":00" : ""));
        copy.put("raw", new String(Base64.getDecoder().decode(row.get("raw").asText()), StandardCharsets.UTF_8));
        copy.put("small", row.get("small").floatValue());
        return copy;
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "duckdb-uncompressed",
                "duckdb-snappy",
                "duckdb-gzip",
                "duckdb-zstd",
                "duckdb-lz4_raw",
                "duckdb-v2-snappy",
                "duckdb-v2-zstd"
            })
    void readsEveryTypeWithEveryCodec(String name) {
        List<JsonNode> expected = Jsonl.read(file("duckdb.jsonl"));
        List<JsonNode> rows = rows(file(name + ".parquet"));
        assertThat(rows).hasSameSizeAs(expected);
        for (int i = 0; i < rows.size(); i++) {
            ObjectNode printed = expected.get(i).deepCopy();
            printed.put("small", printed.get("small").floatValue());
            assertSame(asDuckDb(rows.get(i)), printed, name + ", row " + (i + 1));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"arrow-plain-snappy", "arrow-dict-zstd", "arrow-v2-gzip", "arrow-v2-delta", "arrow-lz4"})
    void readsWhatArrowWritesInEveryEncoding(String name) {
        List<JsonNode> expected = Jsonl.read(file("arrow.jsonl"));
        List<JsonNode> rows = rows(file(name + ".parquet"));
        assertThat(rows).hasSameSizeAs(expected);
        for (int i = 0; i < rows.size(); i++) {
            assertSame(rows.get(i), expected.get(i), name + ", row " + (i + 1));
        }
    }

    /** Numbers by value, whatever their type. */
    private static void assertSame(JsonNode found, JsonNode expected, String where) {
        if (expected.isObject()) {
            List<String> names = new ArrayList<>();
            expected.fieldNames().forEachRemaining(names::add);
            List<String> foundNames = new ArrayList<>();
            found.fieldNames().forEachRemaining(foundNames::add);
            assertThat(foundNames).as(where).containsExactlyInAnyOrderElementsOf(names);
            names.forEach(name -> assertSame(found.get(name), expected.get(name), where + ", " + name));
        } else if (expected.isArray()) {
            assertThat(found.size()).as(where).isEqualTo(expected.size());
            for (int i = 0; i < expected.size(); i++) {
                assertSame(found.get(i), expected.get(i), where + "[" + i + "]");
            }
        } else if (expected.isNumber()) {
            assertThat(found.isNumber()).as(where).isTrue();
            assertThat(found.doubleValue()).as(where).isEqualTo(expected.doubleValue());
        } else {
            assertThat(found).as(where).isEqualTo(expected);
        }
    }

    @Test
    void readsGroupsOfRowsInOrder() {
        List<JsonNode> rows = rows(file("duckdb-groups.parquet"));
        assertThat(rows).hasSize(5000);
        for (int i = 0; i < rows.size(); i++) {
            JsonNode row = rows.get(i);
            assertThat(row.get("id").intValue()).isEqualTo(i);
            assertThat(row.get("answer").textValue()).isEqualTo("answer number " + i % 50);
            assertThat(row.get("root").doubleValue()).isEqualTo(Math.sqrt(i));
            assertThat(row.get("pair").toString()).isEqualTo("[" + i + "," + i % 7 + "]");
        }
    }

    @Test
    void readsAnotherWriterWithNullsAndJson() {
        assertThat(rows(file("hyparquet.parquet")).stream().map(Json::compact))
                .containsExactly(
                        "{\"prompt\":\"a\",\"answer\":1,\"score\":0.5,\"extra\":\"{\\\"x\\\":1}\"}",
                        "{\"prompt\":\"b\",\"answer\":2,\"score\":1.5,\"extra\":null}",
                        "{\"prompt\":null,\"answer\":3,\"score\":-2.0,\"extra\":\"[1,2]\"}",
                        "{\"prompt\":\"d\",\"answer\":4,\"score\":1.0E300,\"extra\":\"\\\"text\\\"\"}");
    }

    @Test
    void saysWhatCannotBeRead() throws IOException {
        assertThatThrownBy(() -> rows(file("duckdb-brotli.parquet")))
                .isInstanceOf(FormatException.class)
                .hasMessageContaining("duckdb-brotli.parquet, row 1")
                .hasMessageContaining("BROTLI, which is not read");
        byte[] whole = Files.readAllBytes(file("duckdb-snappy.parquet"));
        assertBroken(new byte[0], "the file is empty");
        assertBroken("PAR1".getBytes(StandardCharsets.US_ASCII), "too short");
        assertBroken(Arrays.copyOf(whole, whole.length - 100), "it was cut short");
        assertBroken("not a Parquet file at all".getBytes(StandardCharsets.US_ASCII), "it does not end in PAR1");
        byte[] encrypted = whole.clone();
        encrypted[whole.length - 1] = 'E';
        assertBroken(encrypted, "encrypted");
        byte[] lied = whole.clone();
        Arrays.fill(lied, whole.length - 8, whole.length - 5, (byte) -1);
        assertBroken(lied, "its footer has 16777215 bytes");
        // The bytes of the first page: Snappy's own rules, or what follows, notice.
        byte[] page = whole.clone();
        Arrays.fill(page, 40, 400, (byte) 0x55);
        assertBroken(page, "row ");
    }

    /** A footer that says another number of rows than its groups have has lost some, or got some. */
    @Test
    void countsTheRowsOfAllGroups() throws IOException {
        byte[] whole = Files.readAllBytes(file("hyparquet.parquet"));
        int at = whole.length - 8;
        while (whole[at] != 0x16 || whole[at + 1] != 2 * 4 || whole[at + 2] != 0x19) { // num_rows, 4 in zigzag, a list
            at--;
        }
        whole[at + 1] = 2 * 5;
        assertBroken(whole, "its footer says that there are 5 rows, and its groups have 4 in all");
        whole[at + 1] = 2 * 3;
        assertBroken(whole, "its footer says that there are 3 rows, and its groups have more");
        whole[at + 1] = 1;
        assertBroken(whole, "its footer says that there are -1 rows");
    }

    private void assertBroken(byte[] bytes, String message) throws IOException {
        Path file = Files.write(folder.resolve("broken.parquet"), bytes);
        assertThatThrownBy(() -> rows(file))
                .isInstanceOf(FormatException.class)
                .hasMessageContaining("broken.parquet")
                .hasMessageContaining(message);
    }

    @Test
    void isFoundByItsFirstBytesToo() throws IOException {
        Path file = Files.copy(file("hyparquet.parquet"), folder.resolve("0a1b2c"));
        assertThat(rows(file)).hasSize(4);
    }

    @Test
    void aFooterWhoseUnknownFieldsLieDeepInEachOtherIsRefused() throws IOException {
        byte[] footer = new byte[200_000];
        Arrays.fill(footer, (byte) 0x19); // a field of a list of lists of lists ...
        byte[] file = new byte[4 + footer.length + 8];
        byte[] magic = "PAR1".getBytes(StandardCharsets.US_ASCII);
        System.arraycopy(magic, 0, file, 0, 4);
        System.arraycopy(footer, 0, file, 4, footer.length);
        for (int i = 0; i < 4; i++) {
            file[4 + footer.length + i] = (byte) (footer.length >>> 8 * i);
        }
        System.arraycopy(magic, 0, file, file.length - 4, 4);
        Path deep = Files.write(folder.resolve("deep.parquet"), file);
        assertThatThrownBy(() -> Rows.of(deep).forEach(row -> row.json()))
                .isInstanceOf(FormatException.class)
                .hasMessageContaining("deep.parquet");
    }
}
