// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.jacobian.io.Json;
import dev.jacobian.io.Jsonl;
import dev.jacobian.testing.TestPaths;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code prompts} and the ways that {@code --data} names rows, through the command. */
class PromptsCommandTest {
    @TempDir
    Path folder;

    private Path data(String... lines) throws IOException {
        return Files.writeString(folder.resolve("data.jsonl"), String.join("\n", lines) + "\n");
    }

    @Test
    void toolsWriteWhatTheyKeep() throws IOException {
        Path data = data("{\"question\":\"1 + 1?\"}", "{\"question\":\"1+1\"}", "{\"question\":\"2 + 2?\"}");
        Path out = folder.resolve("new.jsonl");
        Run run = Run.of(
                "prompts",
                "duplicates",
                "--data",
                data.toString(),
                "--column",
                "prompt=question",
                "--out",
                out.toString(),
                "--json");
        JsonNode json = run.json();
        assertThat(json.path("tool").asText()).isEqualTo("duplicates");
        assertThat(json.path("rows").intValue()).isEqualTo(3);
        assertThat(json.path("kept").intValue()).isEqualTo(2);
        assertThat(json.path("distribution").path("exact copy").path("rows").intValue())
                .isEqualTo(1);
        assertThat(Jsonl.read(out))
                .extracting(row -> row.path("prompt").asText())
                .containsExactly("1 + 1?", "2 + 2?");
        assertThat(folder.resolve("new.svg")).content().contains("3 rows of", "2 are kept");
        assertThat(Run.of(
                                "prompts",
                                "formats",
                                "--data",
                                out.toString(),
                                "--out",
                                folder.resolve("b.jsonl").toString())
                        .result())
                .contains("format of the question", "2 of 2 rows are kept");
    }

    @Test
    void aModelMeasuresDifficulty() throws IOException {
        Path data =
                data("{\"prompt\":\"3 7 15 = 36\",\"answer\":\"x\"}", "{\"prompt\":\"1 2 3 = 6\",\"answer\":\"y\"}");
        Path out = folder.resolve("new.jsonl");
        String[] command = {
            "prompts",
            "difficulty",
            "--model",
            TestPaths.model("arith-qwen3").toString(),
            "--data",
            data.toString(),
            "--samples",
            "2",
            "--max-new-tokens",
            "4",
            "--out",
            out.toString(),
            "--json"
        };
        String first = Run.of((Object[]) command).result();
        assertThat(Json.parse(first, "the output").path("measure").asText()).isEqualTo("pass rate of 2 completions");
        byte[] written = Files.readAllBytes(out);
        assertThat(Run.of((Object[]) command).result()).isEqualTo(first);
        assertThat(Files.readAllBytes(out)).isEqualTo(written);
        assertThat(Jsonl.read(out))
                .extracting(row -> row.path("pass_rate").isDouble())
                .containsExactly(true, true);
    }

    @Test
    void wrongUsageIsToldAtOnce() throws IOException {
        assertThat(Run.of("prompts").failure(ExitCode.USAGE)).contains("difficulty, guessable, formats");
        assertThat(Run.of("prompts", "coverage", "--data", "x", "--out", "y.jsonl")
                        .failure(ExitCode.USAGE))
                .contains("--tag");
        assertThat(Run.of("prompts", "formats", "--out", "y.jsonl").failure(ExitCode.USAGE))
                .contains("--data PATH");
        Path data = data("{\"prompt\":\"x\"}");
        assertThat(Run.of("prompts", "formats", "--data", data.toString(), "--out", data.toString())
                        .failure(ExitCode.FAILED))
                .contains("it is the data that is read");
        assertThat(Run.of("eval", "--split", "test").failure(ExitCode.USAGE))
                .contains("--split is about the rows of --data");
    }

    @Test
    void dataSetFoldersAndParquetAreRead() throws IOException {
        Path out = folder.resolve("new.jsonl");
        Path set = Files.createDirectories(folder.resolve("set/data"));
        Files.copy(TestPaths.testdata("parquet", "hyparquet.parquet"), set.resolve("train-00000-of-00001.parquet"));
        String failure = Run.of(
                        "prompts", "formats", "--data", folder.resolve("set").toString(), "--out", out.toString())
                .failure(ExitCode.FAILED);
        assertThat(failure).contains("train-00000-of-00001.parquet, row 3", "'prompt' must be a string");
        Run run = Run.of(
                "prompts",
                "coverage",
                "--data",
                folder.resolve("set").toString(),
                "--tag",
                "answer",
                "--count",
                "2",
                "--out",
                out.toString(),
                "--all");
        assertThat(run.result()).contains("2 of 4 rows are kept");
        List<JsonNode> rows = Jsonl.read(out);
        assertThat(rows).extracting(row -> row.path("tag").asText()).containsExactly("1", "2", "3", "4");
        assertThat(rows.get(0).path("score").doubleValue()).isEqualTo(0.5);
    }

    @Test
    void whatIsComparedWithMustBeThere() throws IOException {
        Path data = Files.writeString(folder.resolve("data.jsonl"), "{\"prompt\": \"a\"}\n");
        assertThat(Run.of(
                                "prompts",
                                "decontaminate",
                                "--data",
                                data,
                                "--against",
                                folder.resolve("none.jsonl"),
                                "--out",
                                folder.resolve("new.jsonl"))
                        .failureBehindNotes())
                .contains("none.jsonl; --against takes a file of JSON lines");
    }
}
