// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.jacobian.io.Json;
import dev.jacobian.rl.task.catalog.NamedTask;
import dev.jacobian.rl.task.catalog.Tasks;
import dev.jacobian.testing.TestPaths;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** {@code tasks}, and every task that it lists through {@code rl} and {@code eval}. */
class TasksCommandTest {
    @TempDir
    static Path models;

    private static Path model;

    @TempDir
    Path folder;

    /** A model of 103K parameters whose positions reach to the end of every prompt. */
    @BeforeAll
    static void model() throws IOException {
        model = TestPaths.copyModel("arith-qwen3", models);
        Path config = model.resolve("config.json");
        String longer = Files.readString(config)
                .replaceFirst("\"max_position_embeddings\": *64", "\"max_position_embeddings\": 8192");
        assertThat(longer).contains("8192");
        Files.writeString(config, longer);
    }

    static List<NamedTask> tasks() {
        return Tasks.all();
    }

    private Run rl(Path out, Object... more) {
        List<Object> args = new ArrayList<>(List.of("rl", "--json", "--model", model, "--steps", 1, "--prompts", 2));
        args.addAll(List.of("--group-size", 2, "--set", "eval_problems=2", "--set", "final_eval_problems=2"));
        args.addAll(List.of("--set", "max_completion_length=8", "--out", out));
        args.addAll(List.of(more));
        return Run.of(args.toArray());
    }

    @ParameterizedTest
    @MethodSource("tasks")
    void everyTaskIsTrainedOnAndMeasured(NamedTask task) {
        Run run = rl(folder.resolve("run"), "--task", task.name());
        assertThat(run.code()).as(run.err()).isZero();
        JsonNode measured = Run.of(
                        "eval",
                        "--json",
                        "--model",
                        model,
                        "--task",
                        task.name(),
                        "--difficulty",
                        task.levels().highest(),
                        "--problems",
                        2,
                        "--max-new-tokens",
                        4)
                .json();
        assertThat(measured.path("task").asText()).isEqualTo(task.name());
        assertThat(measured.path("pass@1").isNumber()).isTrue();
    }

    @Test
    @DisplayName("a run remembers difficulty and form, and is not resumed with others")
    void resume() {
        Path out = folder.resolve("run");
        assertThat(rl(out, "--task", "sorting", "--difficulty", 1, "--answers", "whole")
                        .code())
                .isZero();
        JsonNode run = Json.read(out.resolve("run.json"));
        assertThat(run.path("task").asText()).isEqualTo("sorting");
        assertThat(run.path("options").path("difficulty").asText()).isEqualTo("1");
        assertThat(run.path("options").path("answers").asText()).isEqualTo("STRIPPED");
        assertThat(Run.of("rl", "--resume", "--out", out, "--task", "sorting", "--difficulty", 2)
                        .failure(ExitCode.FAILED))
                .contains("was started with another --difficulty or form of --answers");
        assertThat(Run.of("rl", "--json", "--resume", "--out", out).code()).isZero();
    }

    @Test
    void tasksAreListedWithExamples() {
        String listed = Run.of("tasks").result();
        JsonNode json = Run.of("tasks", "--json").json().path("tasks");
        assertThat(json).hasSameSizeAs(Tasks.all());
        for (JsonNode task : json) {
            assertThat("\n" + listed)
                    .contains(
                            "\n" + task.path("name").asText() + ": ",
                            task.path("summary").asText());
            assertThat(task.path("problems").path(0).path("prompt").asText()).isNotEmpty();
            assertThat(task.path("problems").path(0).path("answer").asText()).isNotEmpty();
        }
        JsonNode one = Run.of("tasks", "hanoi", "--difficulty", 2, "--problems", 3, "--json")
                .json();
        assertThat(one.path("tasks")).hasSize(1);
        assertThat(one.path("tasks").path(0).path("problems")).hasSize(3);
    }

    @Test
    void whatIsNotThereIsNamed() throws IOException {
        assertThat(Run.of("rl", "--task", "chess").failure(ExitCode.USAGE))
                .contains("unknown task 'chess'; 'jacobian tasks' lists what there is (countdown, countdown-words,");
        assertThat(Run.of("eval", "--task", "hanoi", "--difficulty", 9).failure(ExitCode.USAGE))
                .contains("task 'hanoi' has difficulties 1 to 4, got 9");
        assertThat(Run.of("eval", "--task", "addition", "--answers", "tag").failure(ExitCode.USAGE))
                .contains("task 'addition' takes an answer that is the whole completion only");
        assertThat(Run.of("eval", "--task", "hanoi", "--answers", "boxed").failure(ExitCode.USAGE))
                .contains("--answers takes tag or whole, not 'boxed'");
        assertThat(Run.of("tasks", "chess").failure(ExitCode.USAGE)).contains("unknown task 'chess'");
        assertThat(Run.of("tasks", "--difficulty", 2).failure(ExitCode.USAGE)).contains("name it");
        assertThat(Run.of("rl", "--task", "reasoning-gym").failure(ExitCode.USAGE))
                .contains("--task reasoning-gym needs --data FILE");
        Path data = Files.writeString(folder.resolve("rows.jsonl"), "{\"prompt\": \"1\", \"answer\": \"1\"}\n");
        assertThat(Run.of("rl", "--data", data, "--difficulty", 2).failure(ExitCode.USAGE))
                .contains("--difficulty and --answers are of generated tasks, not of --data");
        assertThat(Run.of("rl", "--data", data, "--task", "countdown").failure(ExitCode.USAGE))
                .contains("--task countdown makes its own problems", "--data means nothing to it");
        assertThat(Run.of("rl", "--data", data, "--task", "reasoning-gym:chess").failure(ExitCode.USAGE))
                .contains("there is no scorer for reasoning-gym's task 'chess', but for base_conversion");
    }

    @Test
    @DisplayName("rows of reasoning-gym are a task by their own task's name, or by the one that is given")
    void reasoningGym() throws IOException {
        String rows = """
            {"question": "The larger of 3 and 5?", "answer": "5", "metadata": {"source_dataset": "gcd"}}
            {"question": "Twice 4?", "answer": "8", "metadata": {"source_dataset": "products"}}
            """;
        Path data = Files.writeString(folder.resolve("rows.jsonl"), rows);
        Run run = rl(folder.resolve("run"), "--task", "reasoning-gym", "--data", data);
        assertThat(run.code()).as(run.err()).isZero();
        JsonNode saved = Json.read(folder.resolve("run").resolve("run.json"));
        assertThat(saved.path("task").asText()).isEqualTo("reasoning-gym");
        assertThat(Run.of("rl", "--json", "--resume", "--out", folder.resolve("run"))
                        .code())
                .isZero();
        Path plain = Files.writeString(folder.resolve("plain.jsonl"), "{\"question\": \"2+2\", \"answer\": \"4\"}\n");
        assertThat(Run.of("eval", "--model", model, "--task", "reasoning-gym", "--data", plain)
                        .failure(ExitCode.FAILED))
                .contains("plain.jsonl, row 1")
                .contains("--task reasoning-gym:NAME");
        assertThat(Run.of(
                                "eval",
                                "--json",
                                "--model",
                                model,
                                "--task",
                                "reasoning-gym:gcd",
                                "--data",
                                plain,
                                "--answers",
                                "whole",
                                "--max-new-tokens",
                                4)
                        .json()
                        .path("problems")
                        .asInt())
                .isEqualTo(1);
    }

    @Test
    @DisplayName("docs/tasks.md has every task, with the example that the command prints")
    void documentation() throws IOException {
        String page = Files.readString(TestPaths.project().resolve("docs/tasks.md"));
        assertThat(page).contains("```text\n" + Run.of("tasks").result().strip() + "\n```\n");
        for (NamedTask task : Tasks.all()) {
            assertThat(page)
                    .contains("| `" + task.name() + "` | " + task.family() + " | " + task.levels() + " | "
                            + task.levels().usual() + " | " + task.summary() + " |\n");
        }
    }
}
