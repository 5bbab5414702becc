// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.jacobian.io.Json;
import dev.jacobian.rl.reward.catalog.NamedReward;
import dev.jacobian.rl.reward.catalog.Rewards;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code jacobian score} and {@code jacobian rewards}. */
class ScoreCommandTest {
    @TempDir
    Path work;

    private Path rows(String... lines) throws IOException {
        return Files.write(work.resolve("rows.jsonl"), List.of(lines));
    }

    private static List<JsonNode> scores(Object... args) {
        return Run.of(args)
                .result()
                .lines()
                .map(line -> Json.parse(line, "a line"))
                .toList();
    }

    @Test
    @DisplayName("an object a row in order: score, status, extracted")
    void aLineForEachRow() throws IOException {
        Path file = rows(
                "{\"completion\": \"So\\n#### 1,234\", \"answer\": \"#### 1234\"}",
                "",
                "{\"completion\": \"I do not know\", \"answer\": \"5\"}",
                "{\"completion\": \"#### 5\", \"answer\": \"\"}",
                "{\"completion\": \"#### 5\", \"answer\": null}",
                "{\"completion\": [{\"role\": \"assistant\", \"content\": \"#### 5\"}], \"answer\": 5}");
        List<JsonNode> scores = scores("score", "--reward", "gsm8k", "--data", file, "--json");
        assertThat(scores.toString())
                .isEqualTo("[{\"score\":1.0,\"status\":\"scored\",\"extracted\":\"1,234\"},"
                        + " {\"score\":0.0,\"status\":\"scored\",\"extracted\":null},"
                        + " {\"score\":null,\"status\":\"skipped\",\"extracted\":null,"
                        + "\"message\":\"column 'answer' is empty, so no completion could be right\"},"
                        + " {\"score\":null,\"status\":\"skipped\",\"extracted\":null,"
                        + "\"message\":\"column 'answer' is null\"},"
                        + " {\"score\":1.0,\"status\":\"scored\",\"extracted\":\"5\"}]");
    }

    @Test
    void columnsAndSettings() throws IOException {
        Path file = rows("{\"text\": \"5 or 6\", \"reward_model\": {\"ground_truth\": \"6\"}}");
        Object[] args = {
            "score",
            "--reward",
            "gsm8k",
            "--data",
            file,
            "--completion",
            "text",
            "--reference",
            "reward_model.ground_truth",
            "--set",
            "method=flexible",
            "--json"
        };
        assertThat(scores(args).getFirst().get("score").intValue()).isOne();
        Run readable = Run.of(List.of(args).subList(0, args.length - 1).toArray());
        assertThat(readable.result()).isEqualTo("row 1  scored  1.000  6\n");
        assertThat(readable.err()).contains("gsm8k: 1 rows, 1 scored, mean 1.0000, 0 skipped, 0 failed");
    }

    @Test
    void aFailureIsCountedAndSaid() throws IOException {
        Path file = rows("{\"completion\": \"" + "a".repeat(300) + "b\"}", "{\"completion\": \"c\"}");
        List<JsonNode> scores =
                scores("score", "--reward", "regex", "--set", "pattern=(a*)*c\\1", "--data", file, "--json");
        assertThat(scores).extracting(row -> row.get("status").textValue()).containsExactly("failed", "scored");
        assertThat(scores.getFirst().get("score").isNull()).isTrue();
        assertThat(scores.getFirst().get("message").textValue())
                .contains("reward 'regex' on problem 'row 1' failed")
                .contains("takes too long");
    }

    @Test
    void wrongUsage() throws IOException {
        Path file = rows("{\"completion\": \"a\", \"answer\": \"a\"}");
        assertThat(Run.of("score", "--reward", "gsm8", "--data", file).failure(ExitCode.USAGE))
                .contains("unknown reward 'gsm8' (did you mean 'gsm8k'?)", "exact_match", "think_format");
        assertThat(Run.of("score", "--reward", "countdown", "--data", file, "--reference", "x")
                        .failure(ExitCode.USAGE))
                .contains("--reference means nothing to it");
        assertThat(Run.of("score", "--reward", "gsm8k", "--data", file, "--set", "methode=strict")
                        .failureBehindNotes())
                .contains("--set methode=strict: the reward gsm8k has no setting 'methode'", "column, method");
        assertThat(Run.of("score", "--reward", "gsm8k", "--data", file, "--set", "method=loose")
                        .failureBehindNotes())
                .contains("'method' must be strict or flexible");
        assertThat(Run.of("score", "--reward", "soft_overlong", "--data", file).failureBehindNotes())
                .contains("soft_overlong counts tokens");
    }

    @Test
    void otherFormsOfRows() throws IOException {
        Path csv = work.resolve("rows.csv");
        Files.writeString(csv, "said,gold\nit is #### 5,#### 5\n\"no, #### 6\",#### 5\n");
        assertThat(Run.of(
                                "score",
                                "--reward",
                                "gsm8k",
                                "--data",
                                csv,
                                "--reference",
                                "gold",
                                "--column",
                                "completion=said",
                                "--json")
                        .result())
                .contains("\"score\":1.0")
                .contains("\"score\":0.0");
        assertThat(Run.of("score", "--reward", "gsm8k", "--data", work.resolve("none.csv"))
                        .failureBehindNotes())
                .contains("no such file", "none.csv");
        assertThat(Run.of("score", "--reward", "gsm8k").failure(ExitCode.USAGE)).contains("--data PATH is needed");
    }

    @Test
    void testsThatCannotBeReadAreSkippedWithAWordWhy() throws IOException {
        JsonNode row = scores(
                        "score",
                        "--reward",
                        "code",
                        "--json",
                        "--data",
                        rows("{\"completion\": \"print(1)\", \"tests\": \"{\\\"inputs\\\": [1\"}"))
                .getFirst();
        assertThat(row.path("status").asText()).isEqualTo("skipped");
        assertThat(row.path("message").asText()).contains("tests");
    }

    @Test
    void badRows() throws IOException {
        assertThat(Run.of("score", "--reward", "gsm8k", "--data", rows("{\"text\": \"a\"}"))
                        .failureBehindNotes())
                .contains("rows.jsonl, row 1: it has no column 'completion'; its columns are text", "--completion");
        assertThat(Run.of("score", "--reward", "gsm8k", "--data", rows("{\"completion\": \"a\", \"gold\": \"a\"}"))
                        .failureBehindNotes())
                .contains("row 1", "no column 'answer'; its columns are [completion, gold]", "--reference COLUMN");
        assertThat(Run.of("score", "--reward", "gsm8k", "--data", rows("{\"completion\": 5, \"answer\": \"a\"}"))
                        .failureBehindNotes())
                .contains("column 'completion' must be a text or a list of messages, but is 5");
        assertThat(Run.of("score", "--reward", "gsm8k", "--data", rows()).failureBehindNotes())
                .contains("it has no rows");
        assertThat(Run.of("score", "--reward", "gsm8k", "--data", work.resolve("none.jsonl"))
                        .failureBehindNotes())
                .contains("none.jsonl");
    }

    @Test
    @DisplayName("a bad row is a failed one, in its place, and those behind it are scored; the exit code says so")
    void rowsBehindABadOne() throws IOException {
        Path file = rows(
                "{\"completion\": \"#### 1\", \"answer\": \"1\"}",
                "{\"completion\"",
                "[1]",
                "{\"text\": \"#### 1\", \"answer\": \"1\"}",
                "{\"completion\": \"#### 1\"}",
                "{\"completion\": 5, \"answer\": \"1\"}",
                "{\"completion\": null, \"answer\": \"1\"}",
                "{\"completion\": \"#### 2\", \"answer\": \"1\"}");
        Run run = Run.of("score", "--reward", "gsm8k", "--data", file, "--json");
        assertThat(run.failureBehindNotes())
                .contains("5 of the rows of", "cannot be scored; the first: ", "rows.jsonl, line 2");
        assertThat(run.err()).contains("gsm8k: 8 rows, 2 scored, mean 0.5000, 1 skipped, 5 failed");
        List<JsonNode> rows =
                run.out().lines().map(line -> Json.parse(line, "a line")).toList();
        assertThat(rows)
                .extracting(row -> row.get("status").textValue())
                .containsExactly("scored", "failed", "failed", "failed", "failed", "failed", "skipped", "scored");
        assertThat(rows.subList(1, 7))
                .extracting(row -> row.get("message").textValue())
                .satisfiesExactly(
                        why -> assertThat(why).contains("rows.jsonl, line 2"),
                        why -> assertThat(why).contains("row 3: a row must be a JSON object"),
                        why -> assertThat(why)
                                .contains("row 4: it has no column 'completion'; its columns are text, answer"),
                        why -> assertThat(why).contains("row 5", "no column 'answer'; its columns are [completion]"),
                        why -> assertThat(why).contains("row 6", "must be a text or a list of messages, but is 5"),
                        why -> assertThat(why).isEqualTo("column 'completion' is null"));
        assertThat(rows.getLast().get("score").intValue()).isZero();
    }

    @Test
    @DisplayName("rows in front of a fault behind which nothing can be read are scored")
    void rowsInFrontOfAFault() throws IOException {
        Path file = work.resolve("rows.json");
        Files.writeString(file, "[{\"completion\": \"#### 1\", \"answer\": \"1\"}, {\"completion\": \"#### 2\"");
        Run run = Run.of("score", "--reward", "gsm8k", "--data", file, "--json");
        assertThat(run.failureBehindNotes()).contains("rows.json");
        assertThat(run.out()).isEqualTo("{\"score\":1.0,\"status\":\"scored\",\"extracted\":\"1\"}\n");
    }

    @Test
    @DisplayName("a setting that is a text takes what is written, also a number or a truth value")
    void textsThatLookLikeNumbers() throws IOException {
        Path file = rows("{\"completion\": \"1\"}", "{\"completion\": \"true\"}");
        assertThat(scores("score", "--reward", "regex", "--set", "pattern=1", "--data", file, "--json"))
                .extracting(row -> row.get("score").intValue())
                .containsExactly(1, 0);
        assertThat(scores("score", "--reward", "regex", "--set", "pattern=true", "--data", file, "--json"))
                .extracting(row -> row.get("score").intValue())
                .containsExactly(0, 1);
        assertThat(Run.of("score", "--reward", "regex", "--set", "pattern=1", "--set", "negative=1", "--data", file)
                        .err())
                .contains("negative");
    }

    @Test
    void nothingScored() throws IOException {
        Path file = rows("{\"completion\": \"" + "a".repeat(300) + "b\"}");
        Run run = Run.of("score", "--reward", "regex", "--set", "pattern=(a*)*c\\1", "--data", file);
        assertThat(run.failureBehindNotes()).contains("no row could be scored; the first failure: ", "takes too long");
        assertThat(run.out()).startsWith("row 1  failed  -");
    }

    @Test
    @DisplayName("rewards are listed from the code, with settings and defaults")
    void listed() {
        JsonNode json = Run.of("rewards", "--json").json().get("rewards");
        String text = Run.of("rewards").result();
        assertThat(json).hasSize(Rewards.all().size());
        for (JsonNode reward : json) {
            assertThat(text)
                    .contains(reward.get("name").textValue() + ": "
                            + reward.get("doc").textValue());
            for (JsonNode setting : reward.get("settings")) {
                assertThat(text).contains(setting.get("doc").textValue());
            }
        }
        assertThat(json.findValuesAsText("name")).doesNotHaveDuplicates().contains("gsm8k", "format", "route");
        assertThat(Rewards.all())
                .extracting(NamedReward::doc)
                .allSatisfy(doc -> assertThat(doc).doesNotContain("\n"));
    }

    @Test
    @DisplayName("TRL's names for rewards are understood")
    void trlNames() throws IOException {
        Path file = rows("{\"completion\": \"<think>a</think>b\"}");
        assertThat(scores("score", "--reward", "think_format_reward", "--data", file, "--json")
                        .getFirst()
                        .get("score")
                        .intValue())
                .isOne();
    }

    @Test
    @DisplayName("verl's data sets have their route")
    void routed() throws IOException {
        Path file = rows(
                "{\"data_source\": \"openai/gsm8k\", \"completion\": \"#### 5\", \"answer\": \"5\"}",
                "{\"data_source\": \"lighteval/MATH\", \"completion\": \"\\\\boxed{\\\\frac12}\", \"answer\": \"1/2\"}",
                "{\"data_source\": \"quiz\", \"completion\": \"B\", \"answer\": \"b\"}");
        assertThat(scores(
                        "score", "--reward", "route", "--set", "routes=quiz=multiple_choice", "--data", file, "--json"))
                .extracting(row -> row.get("score").intValue())
                .containsExactly(1, 1, 1);
        assertThat(scores("score", "--reward", "route", "--data", file, "--json")
                        .getLast()
                        .toString())
                .contains("skipped", "column 'data_source' is 'quiz', for which there is no reward");
    }

    @Test
    @DisplayName("settings and options that cannot be are told by the names that somebody wrote")
    void wrongSettings() throws IOException {
        Path file = rows("{\"completion\": \"1\", \"answer\": \"1\"}");
        Object[][] wrong = {
            {"code", "cpu_seconds=-1", "--set cpu_seconds=-1: cpu_seconds must be positive"},
            {"code", "memory_mib=0", "--set memory_mib=0: memory_mib must be at least 1"},
            {"judge", "path=" + work.resolve("none"), "no such folder: " + work.resolve("none") + ". --set path takes"},
            {"route", "kind=none", "the reference with --reference COLUMN, another with --set"},
        };
        for (Object[] one : wrong) {
            assertThat(Run.of("score", "--reward", one[0], "--data", file, "--set", one[1])
                            .failureBehindNotes())
                    .contains(one[2].toString());
        }
        assertThat(Run.of("score", "--reward", "gsm8k:0.5", "--data", file).failure(ExitCode.USAGE))
                .contains("--reward takes a name here, without a weight");
        assertThat(Run.of("score", "--reward", "gsm8k", "--data", file, "--timeout", "-1")
                        .failure(ExitCode.USAGE))
                .contains("--timeout must be at least 0");
    }
}
