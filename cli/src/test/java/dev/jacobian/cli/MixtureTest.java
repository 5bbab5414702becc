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
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code rl --mixture}: data sets of several kinds in one run, each with its own rewards. */
class MixtureTest {
    private static final Path MODEL = TestPaths.project().resolve("models/countdown-0.6m");

    @TempDir
    Path work;

    private Path sums;
    private Path letters;

    @BeforeEach
    void files() throws IOException {
        sums = work.resolve("sums.jsonl");
        List<String> lines = new ArrayList<>();
        for (int i = 0; i < 12; i++) {
            lines.add("{\"question\": \"" + i + " + 1 = " + "\\n\", \"ref\": \"#### " + (i + 1) + "\"}");
        }
        Files.write(sums, lines);
        letters = Files.writeString(
                work.resolve("letters.csv"), "prompt,answer\n\"3 7 = \n\",3\n\"2 5 = \n\",5\n\"1 5 = \n\",1\n");
    }

    private Path mixture(String json) throws IOException {
        return Files.writeString(work.resolve("mixture.json"), json);
    }

    private Path three() throws IOException {
        return mixture("""
            [{"name": "sums", "data": "%s", "column": {"prompt": "question"}, "weight": 0.4,
              "reward": ["gsm8k,column=ref,method=flexible", "regex:0.25,pattern=x", "group_length:0.5"]},
             {"data": "%s", "weight": 0.3, "reward": "exact_match,answer=last_number"},
             {"task": "countdown", "difficulty": 1, "weight": 0.3}]
            """.formatted(sums, letters));
    }

    private Object[] rl(Object... more) {
        List<Object> args = new ArrayList<>(List.of("rl", "--steps", "2", "--prompts", "6", "--group-size", "2"));
        for (String setting : List.of("final_eval_problems=2", "eval_steps=0", "max_completion_length=12")) {
            args.addAll(List.of("--set", setting));
        }
        args.addAll(List.of("--model", MODEL, "--out", work.resolve("run"), "--json"));
        args.addAll(List.of(more));
        return args.toArray();
    }

    @Test
    @DisplayName("each data set has its own rewards, columns and share; run.json has them, and a resumed run the same")
    void mixed() throws IOException {
        Run.of(rl("--mixture", three())).json();
        Path run = work.resolve("run");
        assertThat(Jsonl.read(run.resolve("metrics.jsonl")).getLast().fieldNames())
                .toIterable()
                .contains(
                        "rewards/gsm8k/mean",
                        "rewards/regex/mean",
                        "rewards/group_length/mean",
                        "rewards/exact_match/mean",
                        "rewards/countdown/mean");
        JsonNode saved = Json.read(run.resolve("run.json"));
        assertThat(saved.path("task").asText()).isEqualTo("mixture");
        assertThat(Json.parse(saved.path("options").path("mixture").asText(), "mixture")
                        .get(1)
                        .get("data")
                        .textValue())
                .isEqualTo(letters.toAbsolutePath().normalize().toString());
        Run.of("rl", "--resume", "--out", run, "--json").json();
        assertThat(Jsonl.read(run.resolve("metrics.jsonl")).getLast().fieldNames())
                .toIterable()
                .contains("rewards/gsm8k/mean", "rewards/countdown/mean");
        Path other = mixture("[{\"task\": \"countdown\"}, {\"task\": \"addition\"}]");
        assertThat(Run.of("rl", "--resume", "--out", run, "--mixture", other).failureBehindNotes())
                .contains("was started with another mixture. Resume without --mixture, or start a new run");
    }

    @Test
    @DisplayName("what is wrong with a mixture is said before a model is loaded, with the entry")
    void wrong() throws IOException {
        assertWrong("{}", "data sets are a JSON array of objects");
        assertWrong("[]", "data sets are a JSON array of objects");
        assertWrong("[{\"task\": \"countdown\", \"weight\": 1}, {\"task\": \"addition\"}]", "and others have none");
        assertWrong("[{\"task\": \"countdown\", \"wieght\": 1}]", "entry 1: ");
        assertWrong("[{\"task\": \"countdown\", \"problems\": 3}]", "'problems' and 'few_shot' are of a suite");
        assertWrong(
                "[{\"task\": \"countdown\"}, {\"task\": \"countdown\"}]", "another data set has the name 'countdown'");
        assertWrong("[{\"task\": \"countdwn\"}]", "entry 1: unknown task 'countdwn'");
        assertWrong("[{\"data\": \"" + sums + "\", \"reward\": \"gsm8\"}]", "did you mean 'gsm8k'?");
        assertWrong("[{\"data\": \"" + sums + "\", \"reward\": [[1]]}]", "must be a string, a number, true or false");
        assertWrong("[{\"task\": \"countdown\", \"weight\": \"much\"}]", "entry 1: ");
        assertThat(Run.of(rl("--mixture", three(), "--task", "addition")).failure(ExitCode.USAGE))
                .contains("--mixture names its data sets itself; leave out --task, --data and --rollouts");
    }

    @Test
    @DisplayName("options of one task mean nothing beside a file of several, and are refused")
    void optionsOfOneTask() throws IOException {
        for (String option : List.of("--difficulty=2", "--answers=tag", "--skip-bad-rows")) {
            assertThat(Run.of(rl("--mixture", three(), option)).failure(ExitCode.USAGE))
                    .contains("write them into the objects of --mixture");
            assertThat(Run.of("eval", "--suite", three(), option).failure(ExitCode.USAGE))
                    .contains("write them into the objects of --suite");
        }
        assertThat(Run.of("eval", "--suite", three(), "--reward", "math").failure(ExitCode.USAGE))
                .contains("--reward, --reward-model and --judge are of one task");
        assertThat(Run.of("eval", "--suite", three(), "--few-shot", 1, "--few-shot-data", sums)
                        .failure(ExitCode.USAGE))
                .contains("--few-shot is of one task");
    }

    private void assertWrong(String json, String message) throws IOException {
        assertThat(Run.of(rl("--mixture", mixture(json))).failureBehindNotes()).contains(message);
    }

    @Test
    @DisplayName(
            "shares that make no whole, rows without their reference, and rewards that say nothing of right or wrong")
    void wrongTasks() throws IOException {
        assertWrong(
                "[{\"task\": \"countdown\", \"weight\": 0.7}, {\"task\": \"addition\", \"weight\": 0.7}]",
                "--mixture: the weights of a mixture of tasks must add up to 1");
        assertWrong(
                "[{\"data\": \"" + letters + "\", \"reward\": \"gsm8k,column=ref\"}]", "letters.csv, row 1 (line 2)");
        Run form = Run.of(rl("--mixture", mixture("[{\"data\": \"" + letters + "\", \"reward\": \"format\"}]")));
        assertThat(form.code()).isZero();
        assertThat(form.err()).contains("letters: no reward tells right from wrong (format)");
    }

    @Test
    @DisplayName("a suite may repeat what options repeat: several rewards, several columns")
    void suite() throws IOException {
        Path suite = mixture("""
            [{"data": "%s", "column": {"prompt": "question", "answer": "ref"}, "weight": 1,
              "reward": ["gsm8k", "format:0.1"], "problems": 2}]
            """.formatted(sums));
        JsonNode result = Run.of("eval", "--model", MODEL, "--suite", suite, "--max-new-tokens", 4, "--json")
                .json();
        assertThat(result.path("task").asText()).isEqualTo("sums");
    }
}
