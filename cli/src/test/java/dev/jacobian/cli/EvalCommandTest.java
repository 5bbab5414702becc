// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.jacobian.io.Json;
import dev.jacobian.testing.TestPaths;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code eval}: one model on one task, a suite, several models, and what is kept. */
class EvalCommandTest {
    private static final Path MODEL = TestPaths.model("arith-qwen3");

    @TempDir
    Path folder;

    private static JsonNode json(Object... args) {
        Run run = Run.of(args);
        assertThat(run.code()).as(run.err()).isEqualTo(ExitCode.DONE);
        return Json.parse(run.out(), "eval");
    }

    private static List<String> keys(JsonNode json) {
        List<String> keys = new ArrayList<>();
        json.fieldNames().forEachRemaining(keys::add);
        return keys;
    }

    @Test
    @DisplayName("a fault in the last set of a suite is told before the first is measured, and nothing is kept")
    void suitesAreCheckedFirst() throws IOException {
        Path good = Files.writeString(folder.resolve("good.csv"), "prompt,answer\n1 + 1 = ,2\n2 + 3 = ,5\n");
        Path bad = Files.writeString(folder.resolve("bad.jsonl"), "{\"prompt\": \"1 + 1 = \"}\n");
        Path out = folder.resolve("out");
        for (String last : List.of(
                "{\"data\": \"" + folder.resolve("typo.jsonl") + "\"}",
                "{\"data\": \"" + bad + "\"}",
                "{\"task\": \"addition\", \"problems\": 100000000}")) {
            Path suite = Files.writeString(
                    folder.resolve("suite.json"),
                    "[{\"data\": \"" + good + "\"}, {\"task\": \"countdown\"}, " + last + "]");
            Run run = Run.of("eval", "--model", MODEL, "--suite", suite, "--out", out, "--max-new-tokens", 4);
            assertThat(run.code()).as(run.err()).isEqualTo(ExitCode.FAILED);
            assertThat(run.out()).isEmpty();
            assertThat(out).doesNotExist();
        }
        JsonNode one = json("eval", "--json", "--model", MODEL, "--data", good, "--max-new-tokens", 4);
        assertThat(one.get("task").textValue()).as("called as its data").isEqualTo("good");
    }

    @Test
    @DisplayName("a fault of the second model is told before the first is measured, and nothing is kept")
    void modelsAreCheckedFirst() throws IOException {
        Path broken = Files.createDirectories(folder.resolve("broken"));
        for (String file : List.of("config.json", "tokenizer.json")) {
            Files.copy(MODEL.resolve(file), broken.resolve(file));
        }
        Path out = folder.resolve("out");
        Run run = Run.of(
                "eval", "--model", MODEL, "--model", broken, "--problems", 2, "--out", out, "--max-new-tokens", 4);
        assertThat(run.code()).as(run.err()).isEqualTo(ExitCode.FAILED);
        assertThat(run.out()).as("numbers of the first model").isEmpty();
        assertThat(out).doesNotExist();
    }

    @Test
    @DisplayName("one model on one task: the numbers, then their intervals; lines for people")
    void single() {
        JsonNode one =
                json("eval", "--json", "--model", MODEL, "--task", "addition", "--problems", 20, "--max-new-tokens", 4);
        assertThat(keys(one))
                .containsExactly(
                        "task",
                        "problems",
                        "samples",
                        "pass@1",
                        "reward",
                        "mean_length",
                        "entropy",
                        "rep5",
                        "clipped_ratio",
                        "confidence",
                        "intervals");
        JsonNode interval = one.get("intervals").get("pass@1");
        assertThat(one.get("pass@1").doubleValue())
                .isBetween(interval.get(0).doubleValue(), interval.get(1).doubleValue());
        JsonNode several = json(
                "eval",
                "--json",
                "--model",
                MODEL,
                "--task",
                "addition",
                "--problems",
                20,
                "--max-new-tokens",
                4,
                "--samples",
                4,
                "--k",
                "1,2,4",
                "--confidence",
                0.5,
                "--interval",
                "bootstrap",
                "--smoothing",
                "none");
        assertThat(keys(several)).contains("pass@2", "maj@2", "pass@4", "maj@4", "self_bleu");
        assertThat(several.get("pass@4").doubleValue())
                .isGreaterThanOrEqualTo(several.get("pass@2").doubleValue());
        Run lines = Run.of(
                "eval", "--model", MODEL, "--task", "addition", "--problems", 20, "--max-new-tokens", 4, "--greedy");
        assertThat(lines.out())
                .contains("task           addition\n")
                .containsPattern("pass@1 +0\\.\\d{4} +0\\.\\d{4} to");
    }

    @Test
    @DisplayName(
            "two models on a suite with examples: numbers of each, samples and a page; an earlier evaluation stands"
                    + " beside them")
    void suite() throws IOException {
        Path shots = Files.writeString(
                folder.resolve("shots.jsonl"), "{\"prompt\": \"1+1=\", \"completion\": \"2\"}\n".repeat(2));
        Path rows = Files.writeString(folder.resolve("rows.jsonl"), """
            {"prompt": "12+30=", "answer": "42"}
            {"prompt": "5+6=", "answer": "11"}
            """);
        Path suite = Files.writeString(folder.resolve("suite.json"), """
            [{"task": "addition", "problems": 6},
             {"name": "rows", "data": "%s", "few_shot": 1, "few_shot_data": "%s", "few_shot_separator": ";"}]
            """.formatted(rows, shots));
        Path out = folder.resolve("out");
        JsonNode all = json(
                "eval",
                "--json",
                "--model",
                MODEL,
                "--model",
                MODEL,
                "--suite",
                suite,
                "--max-new-tokens",
                4,
                "--out",
                out);
        assertThat(all.get("evaluations")).hasSize(4);
        assertThat(all.get("evaluations").get(3).get("model").textValue()).isEqualTo("arith-qwen3-2");
        assertThat(all.get("evaluations").get(3).get("task").textValue()).isEqualTo("rows");
        assertThat(all.get("evaluations").get(0).get("problems").intValue()).isEqualTo(6);
        List<String> samples = Files.readAllLines(out.resolve("arith-qwen3/samples-rows.jsonl"));
        assertThat(samples).hasSize(2);
        assertThat(Json.parse(samples.getFirst(), "a sample").get("prompt").textValue())
                .startsWith("1+1=2;");
        assertThat(Files.readString(out.resolve("comparison.html")))
                .contains("<h2>addition</h2>", "<h2>rows</h2>", "arith-qwen3-2");

        Path later = folder.resolve("later");
        json(
                "eval",
                "--json",
                "--model",
                MODEL,
                "--task",
                "addition",
                "--problems",
                6,
                "--max-new-tokens",
                4,
                "--out",
                later,
                "--compare",
                out.resolve("arith-qwen3"));
        assertThat(Files.readString(later.resolve("comparison.html"))).contains("ahead of the first", "<h2>rows</h2>");
        assertThat(Run.of("eval", "--model", MODEL, "--task", "addition", "--problems", 1, "--out", later)
                        .failure(ExitCode.FAILED))
                .contains("there are evaluations in");
    }

    @Test
    void misuse() throws IOException {
        assertThat(Run.of("eval", "--few-shot", 2).failure(ExitCode.USAGE)).contains("go together");
        assertThat(Run.of("eval", "--samples", 2, "--k", "4").failure(ExitCode.USAGE))
                .contains("pass@4 needs k");
        assertThat(Run.of("eval", "--interval", "exact").failure(ExitCode.USAGE))
                .contains("clustered, bootstrap");
        assertThat(Run.of("eval", "--confidence", 95).failure(ExitCode.USAGE)).contains("between 0 and 1");
        assertThat(Run.of("eval", "--compare", folder).failure(ExitCode.USAGE)).contains("--out");
        Path suite = folder.resolve("suite.json");
        Files.writeString(suite, "[{\"task\": \"addition\"}, {\"taks\": \"addition\"}]");
        assertThat(Run.of("eval", "--model", MODEL, "--suite", suite).failure(ExitCode.FAILED))
                .contains("entry 2")
                .contains("--taks");
        Files.writeString(suite, "[{\"task\": \"addition\"}, {\"task\": \"addition\"}]");
        assertThat(Run.of("eval", "--model", MODEL, "--suite", suite).failure(ExitCode.FAILED))
                .contains("another data set has the name 'addition'");
        assertThat(Run.of("eval", "--model", MODEL, "--compare", folder, "--out", folder.resolve("o"))
                        .failureBehindNotes())
                .contains("there is no evaluation (evaluation.json). Name a folder that eval --out wrote");
        assertThat(Run.of("eval", "--suite", suite, "--task", "addition").failure(ExitCode.USAGE))
                .contains("leave out --task");
    }
}
