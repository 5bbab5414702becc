// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io.rows;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jacobian.io.FormatException;
import dev.jacobian.testing.fuzz.Bytes;
import dev.jacobian.testing.fuzz.Choices;
import dev.jacobian.testing.fuzz.Fuzz;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Broken text files of rows and cards of data sets: a clear error or rows, soon, and in memory that the file accounts for. */
class RowsFuzzTest {
    private static final List<String> PIECES = List.of(
            "a", "\"", "\"\"", ",", "\n", "\r\n", "\t", " ", "é", "\uFEFF", "{", "}", "[", "]", ":", "1", "\\",
            "prompt");

    private static final String CARD = """
        ---
        configs:
        - config_name: default
          data_files:
          - split: train
            path:
            - "data/*.csv"
          - split: test
            path: [a.csv, 'b.csv']
        ---
        """;

    @TempDir
    Path folder;

    private static byte[] input(Choices choices) {
        StringBuilder text = new StringBuilder(choices.of(List.of(
                "a,b\n1,2\n\"x\",y\n", "[{\"a\":1},{\"a\":[2]}]", "{\"data\":[{\"a\":1}]}", "{\"a\":1}\n{}\n")));
        for (int i = choices.below(12); i > 0; i--) {
            text.insert(choices.below(text.length() + 1), choices.of(PIECES));
        }
        byte[] bytes = text.toString().getBytes(StandardCharsets.UTF_8);
        return choices.oneIn(3) ? Bytes.mutate(bytes, choices) : bytes;
    }

    @ParameterizedTest
    @ValueSource(strings = {"a.csv", "a.json", "a.jsonl"})
    void readsOrSaysWhatIsWrong(String name) {
        Path path = folder.resolve(name);
        int inputs = Fuzz.inputs(2000);
        int read = Fuzz.run(
                inputs,
                1,
                RowsFuzzTest::input,
                input -> {
                    Files.write(path, input);
                    Rows.of(path).forEach(Row::json);
                },
                FormatException.class::isInstance);
        assertThat(read).isBetween(inputs / 50, inputs - inputs / 50);
    }

    @Test
    void cardsAreReadOrNot() throws Exception {
        Path data = Files.createDirectories(folder.resolve("set/data"));
        Files.writeString(data.resolve("x.csv"), "a\n1\n");
        Path card = folder.resolve("set/README.md");
        int inputs = Fuzz.inputs(2000);
        int read = Fuzz.run(
                inputs,
                1,
                choices -> Bytes.mutate(CARD.getBytes(StandardCharsets.UTF_8), choices),
                input -> {
                    Files.write(card, input);
                    Rows.of(folder.resolve("set")).split("train").forEach(Row::json);
                },
                FormatException.class::isInstance);
        assertThat(read).isBetween(inputs / 50, inputs - inputs / 50);
    }
}
