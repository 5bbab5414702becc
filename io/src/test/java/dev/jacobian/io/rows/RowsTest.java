// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io.rows;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.jacobian.io.FormatException;
import dev.jacobian.io.Json;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Every way to write the same rows, the folders that hold them, and what is said of each fault. */
class RowsTest {
    @TempDir
    Path folder;

    private Path file(String name, String content) throws IOException {
        Path file = folder.resolve(name);
        Files.createDirectories(file.getParent());
        return Files.writeString(file, content);
    }

    private static List<String> rows(Rows rows) {
        List<String> found = new ArrayList<>();
        rows.forEach(row -> found.add(Json.compact(row.json())));
        return found;
    }

    private static void fails(Rows rows, String... messages) {
        assertThatThrownBy(() -> rows(rows)).isInstanceOf(FormatException.class).satisfies(thrown -> {
            for (String message : messages) {
                assertThat(thrown).hasMessageContaining(message);
            }
        });
    }

    private static final String TWO = "[{\"prompt\":\"a\",\"answer\":\"1\"}, {\"prompt\":\"b\",\"answer\":\"2\"}]";
    private static final List<String> BOTH =
            List.of("{\"prompt\":\"a\",\"answer\":\"1\"}", "{\"prompt\":\"b\",\"answer\":\"2\"}");

    @Test
    void theSameRowsInEveryTextFormat() throws IOException {
        String lines = String.join("\n", BOTH);
        assertThat(rows(Rows.of(file("a.jsonl", lines)))).isEqualTo(BOTH);
        assertThat(rows(Rows.of(file("a.txt", "\uFEFF" + lines + "\n\n")))).isEqualTo(BOTH);
        assertThat(rows(Rows.of(file("lines.json", lines)))).isEqualTo(BOTH);
        assertThat(rows(Rows.of(file("array.json", "\uFEFF" + TWO)))).isEqualTo(BOTH);
        assertThat(rows(Rows.of(file("field.json", "{\"version\": 1, \"data\": " + TWO + ", \"x\": [1]}"))))
                .isEqualTo(BOTH);
        assertThat(rows(Rows.of(file("a.csv", "prompt,answer\r\na,1\r\nb,2\r\n"))))
                .isEqualTo(BOTH);
        assertThat(rows(Rows.of(file("a.tsv", "prompt\tanswer\na\t1\n\nb\t2")))).isEqualTo(BOTH);
        String only = "{\"messages\":[{\"role\":\"user\",\"content\":\"x\"}]}";
        assertThat(rows(Rows.of(file("only.json", only)))).containsExactly(only);
    }

    @Test
    void csvHasQuotesBlanksAndNothing() throws IOException {
        Path csv = file("q.csv", "a,b,c\n\"x, \"\"y\"\"\nz\",,\"\"\n 1 ,007,é\n");
        assertThat(rows(Rows.of(csv)))
                .containsExactly(
                        "{\"a\":\"x, \\\"y\\\"\\nz\",\"b\":null,\"c\":\"\"}",
                        "{\"a\":\" 1 \",\"b\":\"007\",\"c\":\"é\"}");
    }

    @Test
    void csvFaultsHaveTheirRow() throws IOException {
        fails(Rows.of(file("r.csv", "a,b\n1,2\n\n3\n")), "r.csv, row 2 (line 4)", "1 cells, and there are 2 columns");
        fails(Rows.of(file("i.csv", "a\nx\"y\n")), "i.csv, row 1 (line 2)", "a quote inside of a cell");
        fails(Rows.of(file("t.csv", "a\n\"x\"y\n")), "text behind the quote");
        fails(Rows.of(file("u.csv", "a,b\n\"x,1\n2,3\n")), "u.csv, row 1 (line 2)", "has none at its end");
        fails(Rows.of(file("e.csv", "\n")), "the file is empty");
        fails(Rows.of(file("d.csv", "a,a\n1,2\n")), "d.csv, line 1", "two columns are called 'a'");
        fails(Rows.of(Files.write(folder.resolve("l.csv"), new byte[] {'a', '\n', (byte) 0xE9, '\n'})), "not UTF-8");
        // Who leaves bad rows out reads on behind them.
        List<String> good = new ArrayList<>();
        Rows.of(file("g.csv", "a,b\n1\n\"x\"y,2\n3,4\n")).forEach(row -> {
            try {
                good.add(Json.compact(row.json()));
            } catch (FormatException bad) {
                good.add("bad " + row.number());
            }
        });
        assertThat(good).containsExactly("bad 1", "bad 2", "{\"a\":\"3\",\"b\":\"4\"}");
    }

    @Test
    void jsonFaultsHaveTheirRow() throws IOException {
        fails(Rows.of(file("b.json", "[{\"a\":1},\n{\"a\":}]")), "b.json, row 2, line 2, column");
        fails(Rows.of(file("c.json", "[{\"a\":1},\n{\"a\":1,\"a\":2}]")), "row 2", "Duplicate field 'a'");
        fails(Rows.of(file("s.json", "[{\"a\":1}")), "s.json, row 1");
        fails(Rows.of(file("e.json", " ")), "the file is empty");
        fails(Rows.of(file("n.json", "7")), "it is 7");
        fails(Rows.of(file("m.json", "[1] 2")), "there is more behind the end");
        fails(Rows.of(file("x.jsonl", "{\"a\":1}\n{")), "x.jsonl, line 2");
        fails(
                Rows.of(file("two.json", "{\"easy\": " + TWO + ", \"hard\": " + TWO + "}")),
                "there are several splits; it has easy, hard",
                "--split");
        assertThat(rows(Rows.of(folder.resolve("two.json")).split("hard"))).isEqualTo(BOTH);
        fails(Rows.of(file("a.jsonl", "{}")).split("test"), "has no split 'test'");
    }

    @Test
    void columnsGetOtherNames() throws IOException {
        Path file = file("q.jsonl", "{\"question\":\"a\",\"prompt\":\"old\",\"x\":1}");
        assertThat(rows(Rows.of(file).renamed(Map.of("prompt", "question"))))
                .containsExactly("{\"prompt\":\"a\",\"x\":1}");
        fails(
                Rows.of(file).renamed(Map.of("prompt", "problem")),
                "q.jsonl, row 1",
                "there is no column 'problem', which is to be 'prompt'; the row has question, prompt, x");
    }

    @Test
    void foldersHaveSplitsByName() throws IOException {
        file("d/data/train-00000-of-00002.jsonl", "{\"i\":1}");
        file("d/data/train-00001-of-00002.jsonl", "{\"i\":2}");
        file("d/data/test-00000-of-00001.jsonl", "{\"i\":3}");
        file("d/dataset_infos.json", "{}");
        file("d/.cache/train.jsonl", "{\"i\":4}");
        Rows rows = Rows.of(folder.resolve("d"));
        assertThat(rows(rows)).containsExactly("{\"i\":1}", "{\"i\":2}");
        assertThat(rows(rows.split("test"))).containsExactly("{\"i\":3}");
        fails(rows.split("dev"), "there is no split 'dev'; it has test, train");
        Files.delete(folder.resolve("d/data/train-00000-of-00002.jsonl"));
        fails(rows, "one of 2 shards, and 1 are there");
        assertThat(rows(rows.split("test"))).hasSize(1);

        file("w/my_dev.csv", "i\n5\n");
        file("w/test/a.csv", "i\n6\n");
        assertThat(rows(Rows.of(folder.resolve("w")).split("validation"))).containsExactly("{\"i\":\"5\"}");
        fails(Rows.of(folder.resolve("w")), "there are several splits; it has test, validation");
        assertThat(rows(Rows.of(file("p/rows.jsonl", "{\"i\":7}").getParent()))).containsExactly("{\"i\":7}");
        file("p/more.csv", "i\n8\n");
        fails(Rows.of(folder.resolve("p")), "several formats: .csv, .jsonl");
    }

    @Test
    void foldersHaveSubsetsByTheirCard() throws IOException {
        file("s/main/train-00000-of-00001.jsonl", "{\"i\":1}");
        file("s/main/test-00000-of-00001.jsonl", "{\"i\":2}");
        file("s/socratic/all.jsonl", "{\"i\":3}");
        Rows rows = Rows.of(folder.resolve("s"));
        assertThat(rows(rows.split("main/test"))).containsExactly("{\"i\":2}"); // without a card: a folder
        file("s/README.md", """
            ---
            license: mit
            configs:
            - config_name: main
              data_files:
              - split: train
                path: main/train-*
              - split: test
                path:
                - "main/test-*"
            - config_name: socratic
              data_files: "socratic/*.jsonl"
            dataset_info:
            - config_name: other
            ---
            # A data set
            """);
        fails(rows, "there are several subsets; it has main, socratic");
        assertThat(rows(rows.split("main/train"))).containsExactly("{\"i\":1}");
        assertThat(rows(rows.split("main/test"))).containsExactly("{\"i\":2}");
        assertThat(rows(rows.split("socratic/train"))).containsExactly("{\"i\":3}");
        fails(rows.split("x/train"), "there is no subset 'x'");
        file("s/README.md", """
            ---
            configs:
            - config_name: main
              data_dir: main
            ---
            """);
        fails(rows.split("main/train"), "subset 'main' is said to lie in a folder (data_dir)");
        file("s/README.md", "---\nconfigs: [{config_name: main, data_files: {train: 'main/train-*'}}]\n---\n");
        assertThat(rows(rows.split("main/train"))).containsExactly("{\"i\":1}");
    }

    @Test
    void namesOfACardAreTextWhateverYamlMakesOfThem() throws IOException {
        file("v/a.jsonl", "{\"i\":1}");
        file("v/b.jsonl", "{\"i\":2}");
        file("v/README.md", """
            ---
            license: &l mit
            other: *l
            notes: |
              - config_name: none of these
            configs:
              - &first
                config_name: no
                data_files: [a.jsonl]
              - <<: *first
                config_name: 1.10
              - {config_name: 2024-01-01, data_files: [{split: 010, path: b.jsonl}]}
            ---
            """);
        Rows rows = Rows.of(folder.resolve("v"));
        assertThat(rows(rows.split("no/train"))).containsExactly("{\"i\":1}");
        assertThat(rows(rows.split("1.10/train"))).containsExactly("{\"i\":1}");
        assertThat(rows(rows.split("2024-01-01/010"))).containsExactly("{\"i\":2}");
    }

    @Test
    void whatIsWrongInACardIsNamed() throws IOException {
        file("v/a.jsonl", "{\"i\":1}");
        Rows rows = Rows.of(folder.resolve("v"));
        file("v/README.md", "---\nconfigs: a.jsonl\n---\n");
        fails(rows, "README.md, configs: this is \"a.jsonl\", and not a list", "config_name");
        file("v/README.md", "---\nconfigs: [a.jsonl]\n---\n");
        fails(rows, "README.md, configs[0]", "and not a mapping");
        file("v/README.md", "---\nconfigs:\n- data_files: [{split: train}]\n---\n");
        fails(rows, "configs[0].data_files[0]", "split' and 'path");
        file("v/README.md", "---\nconfigs:\n- data_files: [{split: train, path: [[a]]}]\n---\n");
        fails(rows, "configs[0].data_files[0].path[0]", "and not a name or pattern");
        file("v/README.md", "---\nconfigs:\n- data_files: a.jsonl\n- data_files: a.jsonl\n---\n");
        fails(rows, "two subsets 'default'");
        file("v/README.md", "---\nlicense: mit\nconfigs:\n- data_files: [a.jsonl\n---\n");
        fails(rows, "README.md, line 5, column 1", "brackets");
        file("v/README.md", "---\nconfigs:\n- data_files: a.jsonl\n");
        fails(rows, "README.md, line 1", "has no end");
        for (String nothing :
                List.of("---\nnot: [yaml\n---\n", "---\nA rule, and no end of a head.\n", "---\nconfigs:\n---\n")) {
            file("v/README.md", nothing);
            assertThat(rows(rows)).hasSize(1);
        }
    }

    @Test
    void renamedColumnsComeInTheOrderThatTheyWereGiven() throws IOException {
        Path file = file("order.jsonl", "{\"a\": 1, \"b\": 2, \"c\": 3, \"d\": 4}\n");
        Map<String, String> names = new LinkedHashMap<>();
        for (String name : List.of("d", "b", "c", "a")) {
            names.put("new_" + name, name);
        }
        assertThat(rows(Rows.of(file).renamed(names)))
                .containsExactly("{\"new_d\":4,\"new_b\":2,\"new_c\":3,\"new_a\":1}");
    }

    @Test
    void aFileOfACardThatIsMissing() throws IOException {
        file("s/socratic/all.jsonl", "{\"i\":3}\n");
        file("s/README.md", """
            ---
            configs:
            - config_name: socratic
              data_files: "socratic/*.jsonl"
            ---
            """);
        Rows rows = Rows.of(folder.resolve("s"));
        Files.delete(folder.resolve("s/socratic/all.jsonl"));
        fails(rows.split("socratic/train"), "data_files says 'socratic/*.jsonl', and there is no such file");
    }

    @Test
    void otherFilesAreRefusedByName() throws IOException {
        fails(Rows.of(file("a.jsonl.gz", "x")), "is called .gz, which is packed");
        byte[][] packed = {{0x1F, (byte) 0x8B, 8, 0}, {'P', 'K', 3, 4}, {0x28, (byte) 0xB5, 0x2F, (byte) 0xFD}};
        for (byte[] begin : packed) {
            for (String name : List.of("packed.jsonl", "packed.csv", "packed.json", "packed")) {
                fails(
                        Rows.of(Files.write(folder.resolve(name), begin)),
                        name + ": it begins as a file that",
                        "Unpack it");
            }
        }
        fails(Rows.of(file("a.arrow", "x")), "Arrow files are not read");
        fails(Rows.of(file("h/data-00000-of-00001.arrow", "x").getParent()), "Arrow files, which save_to_disk writes");
        fails(Rows.of(Files.createDirectories(folder.resolve("nothing"))), "there is no file of rows in the folder");
        assertThatThrownBy(() -> rows(Rows.of(folder.resolve("absent.csv")))).isInstanceOf(UncheckedIOException.class);
        // The module that reads Parquet is not there in this module's tests.
        byte[] parquet = "PAR1....PAR1".getBytes(StandardCharsets.US_ASCII);
        fails(
                Rows.of(Files.write(folder.resolve("a.parquet"), parquet)),
                "the module dev.jacobian.parquet",
                "jacobian-parquet");
        fails(Rows.of(Files.write(folder.resolve("a"), parquet)), "it is a Parquet file");
    }

    @Test
    void aHugeRowIsRefused() throws IOException {
        Path file = folder.resolve("huge.csv");
        try (var out = Files.newBufferedWriter(file)) {
            out.write("a\n\"");
            String part = "x".repeat(1 << 20);
            for (int i = 0; i < 33; i++) {
                out.write(part);
            }
        }
        fails(Rows.of(file), "huge.csv, row 1", "more than 33554432 characters");
    }
}
