// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.jacobian.io.tokenizer.Tokenizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TrainTokenizerCommandTest {
    private static final String TEXT = "low lower lowest, new newer newest; 1234 + 5678 = 6912\n".repeat(50);

    @TempDir
    Path folder;

    private Path text;
    private Path out;

    @BeforeEach
    void write() throws IOException {
        text = Files.writeString(folder.resolve("text.txt"), TEXT);
        out = folder.resolve("out");
    }

    @Test
    void whatItWritesTokenizes() {
        JsonNode result = Run.of(
                        "train-tokenizer",
                        "--data",
                        text,
                        "--vocab-size",
                        "300",
                        "--special-tokens",
                        "<|begin|>,<|end|>",
                        "--bos",
                        "<|begin|>",
                        "--pre-tokenizer",
                        "qwen",
                        "--out",
                        out,
                        "--json")
                .json();
        assertThat(result.get("vocab_size").intValue())
                .isEqualTo(256 + 2 + result.get("merges").intValue());
        assertThat(result.get("texts").intValue()).isEqualTo(1);
        assertThat(result.get("characters").intValue()).isEqualTo(TEXT.length());
        Tokenizer tokenizer = Tokenizer.load(out);
        assertThat(tokenizer.tokenOf(tokenizer.bosId().getAsInt())).contains("<|begin|>");
        assertThat(tokenizer.tokenOf(tokenizer.eosId().getAsInt())).contains("<|end|>");
        int[] ids = tokenizer.encode(" lowest 12", true);
        assertThat(ids[0]).isEqualTo(tokenizer.bosId().getAsInt());
        assertThat(ids).hasSizeLessThan(8);
        assertThat(tokenizer.decode(ids, true)).isEqualTo(" lowest 12");
    }

    @Test
    void linesOfJsonGiveTheSameAsTheirTexts() throws IOException {
        Path lines = Files.writeString(
                folder.resolve("rows.jsonl"), "{\"text\": \"low lower lowest\"}\n\n{\"text\": \"new newer newest\"}\n");
        Path plain = Files.writeString(folder.resolve("1.txt"), "new newer newest");
        Path more = Files.writeString(folder.resolve("2.txt"), "low lower lowest");
        Run.of("train-tokenizer", "--data", lines, "--vocab-size", "270", "--out", out)
                .result();
        Path other = folder.resolve("other");
        Run.of("train-tokenizer", "--data", plain, more, "--vocab-size", "270", "--out", other)
                .result();
        assertThat(other.resolve("tokenizer.json")).hasSameTextualContentAs(out.resolve("tokenizer.json"));
    }

    /** Longer than what is read at once, and cut only where a line ends. */
    @Test
    void longFilesAreReadInParts() throws IOException {
        Path big = Files.writeString(folder.resolve("big.txt"), "abcdefghij klm\n".repeat(200_000));
        JsonNode result = Run.of("train-tokenizer", "--data", big, "--vocab-size", "300", "--out", out, "--json")
                .json();
        assertThat(result.get("texts").intValue()).isBetween(2, 4);
        assertThat(result.get("characters").intValue()).isEqualTo(3_000_000);
        assertThat(result.get("merges").intValue()).isEqualTo(9 + 3); // the two words, and no pair that a cut made
    }

    @Test
    void saysWhatIsWrong() throws IOException {
        assertThat(Run.of("train-tokenizer", "--data", text, "--vocab-size", "200", "--out", out)
                        .failure(2))
                .contains("vocabSize 200 is too small");
        assertThat(Run.of("train-tokenizer", "--data", text, "--vocab-size", "300", "--eos", "<e>", "--out", out)
                        .failure(2))
                .contains("'<e>' must be among the special tokens");
        assertThat(Run.of(
                                "train-tokenizer",
                                "--data",
                                text,
                                "--vocab-size",
                                "300",
                                "--pre-tokenizer",
                                "bert",
                                "--out",
                                out)
                        .failure(2))
                .contains("'bert' is not one of gpt2, llama3, qwen");
        assertThat(Run.of("train-tokenizer", "--data", folder.resolve("none"), "--vocab-size", "300", "--out", out)
                        .failure(1))
                .contains("none");
        Path rows = Files.writeString(folder.resolve("rows.jsonl"), "{\"text\": \"a\"}\n{\"prompt\": \"b\"}\n");
        assertThat(Run.of("train-tokenizer", "--data", rows, "--vocab-size", "300", "--out", out)
                        .err())
                .contains("rows.jsonl, line 2: there is no field 'text'", "--field");
        Path latin = Files.write(folder.resolve("latin.txt"), new byte[] {'a', (byte) 0xE9, 'b'});
        assertThat(Run.of("train-tokenizer", "--data", latin, "--vocab-size", "300", "--out", out)
                        .err())
                .contains("latin.txt: not UTF-8");
        assertThat(out).doesNotExist();
        Files.createDirectories(out);
        Files.writeString(out.resolve("tokenizer.json"), "{}");
        assertThat(Run.of("train-tokenizer", "--data", text, "--vocab-size", "300", "--out", out)
                        .failure(1))
                .contains("exists already");
    }
}
