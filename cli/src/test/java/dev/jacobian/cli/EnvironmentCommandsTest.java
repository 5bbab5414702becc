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
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code --environment} as a user has it. */
class EnvironmentCommandsTest {
    private static final Path MODEL = TestPaths.model("arith-qwen3");

    @TempDir
    Path folder;

    private Run train(Path out, Object... more) {
        List<Object> command = new ArrayList<>(List.of("rl", "--json", "--model", MODEL, "--out", out));
        command.addAll(List.of("--prompts", 2, "--group-size", 4, "--set", "max_completion_length=16"));
        command.addAll(List.of("--set", "final_eval_problems=4", "--set", "eval_steps=0", "--set", "save_steps=1"));
        command.addAll(List.of(more));
        return Run.of(command.toArray());
    }

    @Test
    @DisplayName("environments are listed from the code, with their settings")
    void listed() {
        JsonNode environments = Run.of("environments", "--json").json().path("environments");
        assertThat(environments.findValuesAsText("name"))
                .containsExactly("calculator", "search", "python", "guess", "tictactoe", "openenv");
        assertThat(environments.path(0).path("settings").findValuesAsText("key"))
                .contains("digits", "max_turns", "max_observation_tokens", "step_timeout");
        assertThat(Run.of("environments").out()).contains("largest=100", "action=field");
    }

    @Test
    @DisplayName("a run in an environment has its metrics, remembers it, and goes on without being told again")
    void remembered() throws IOException {
        Path out = folder.resolve("out");
        train(
                        out,
                        "--environment",
                        "calculator",
                        "--steps",
                        1,
                        "--set",
                        "digits=1",
                        "--set",
                        "max_tool_calling_iterations=2")
                .json();
        JsonNode step = Jsonl.read(out.resolve("metrics.jsonl")).getLast();
        assertThat(step.has("environment/turns/mean")).isTrue();
        assertThat(step.path("sampling/sampling_logp_difference/max").asDouble(-1))
                .isZero();
        JsonNode run = Json.read(out.resolve("run.json"));
        assertThat(run.path("task").asText()).isEqualTo("calculator");
        assertThat(run.path("options").path("environment").asText()).isEqualTo("calculator");
        assertThat(run.path("options").path("environment_settings").asText())
                .contains("\"digits\":1", "\"max_turns\":3");
        Run resumed = Run.of("rl", "--json", "--resume", "--out", out);
        assertThat(resumed.json().path("steps").asInt()).isEqualTo(1);
    }

    @Test
    @DisplayName("problems of a file in an environment of tools; eval plays too")
    void dataAndEval() throws IOException {
        Path data = folder.resolve("data.jsonl");
        List<String> rows = new ArrayList<>();
        for (int i = 0; i < 12; i++) {
            rows.add("{\"prompt\": \"" + i + "+1=\", \"answer\": \"" + (i + 1) + "\", \"context\": \"one\\ntwo\"}");
        }
        Files.write(data, rows);
        JsonNode result = Run.of(
                        "eval",
                        "--json",
                        "--model",
                        MODEL,
                        "--data",
                        data,
                        "--environment",
                        "search",
                        "--set",
                        "passages=1",
                        "--max-new-tokens",
                        12)
                .json();
        assertThat(result.path("environment").asText()).isEqualTo("search");
        assertThat(result.path("problems").asInt()).isEqualTo(12);
        assertThat(Run.of(
                                "eval",
                                "--json",
                                "--model",
                                MODEL,
                                "--environment",
                                "calculator",
                                "--set",
                                "digits=1",
                                "--max-new-tokens",
                                12)
                        .json()
                        .path("problems")
                        .asInt())
                .isBetween(2, 40);
    }

    @Test
    @DisplayName("rows without what the environment reads are told with file and row, before a sample")
    void rowsWithoutTheColumn() throws IOException {
        Path data = Files.writeString(
                folder.resolve("rows.jsonl"),
                "{\"prompt\": \"1+1=\", \"answer\": \"2\", \"context\": \"a\"}\n"
                        + "{\"prompt\": \"2+1=\", \"answer\": \"3\"}\n");
        for (String command : List.of("eval", "rl")) {
            assertThat(Run.of(command, "--model", MODEL, "--data", data, "--environment", "search")
                            .failureBehindNotes())
                    .contains("rows.jsonl, row 2: environment 'search': the problem has no column 'context'")
                    .doesNotContain("sample 0");
        }
        assertThat(Run.of("eval", "--model", MODEL, "--task", "countdown", "--environment", "guess")
                        .failureBehindNotes())
                .contains("environment 'guess': the problem has no column 'secret'");
    }

    @Test
    @DisplayName("what is wrong is said: unknown names and settings, an environment without problems")
    void refused() {
        assertThat(Run.of("rl", "--environment", "chess").err())
                .contains("unknown environment 'chess'; use one of calculator, search");
        assertThat(train(folder.resolve("a"), "--environment", "guess", "--set", "largst=5")
                        .err())
                .contains("largst");
        assertThat(train(folder.resolve("b"), "--environment", "search").err())
                .contains("environment 'search' has no problems of its own; give some with --data FILE");
        assertThat(train(folder.resolve("c"), "--set", "max_tool_calling_iterations=3")
                        .err())
                .contains("Name one with --environment");
        assertThat(train(folder.resolve("d"), "--environment", "guess", "--set", "largest=2")
                        .err())
                .contains("has too few problems with these settings");
        assertThat(train(folder.resolve("e"), "--environment", "guess", "--set", "max_tool_calling_iterations=some")
                        .err())
                .contains("'max_tool_calling_iterations' must be an integer");
        assertThat(train(
                                folder.resolve("f"),
                                "--environment",
                                "guess",
                                "--set",
                                "max_tool_calling_iterations=3",
                                "--set",
                                "max_turns=3")
                        .err())
                .contains("is one less than max_turns, which is given too");
        assertThat(train(folder.resolve("g"), "--environment", "search", "--set", "passages=0")
                        .err())
                .contains("--set passages=0: passages must be at least 1");
        assertThat(Run.of("eval", "--model", MODEL, "--set", "max_turns=3").err())
                .contains("eval has reward_timeout, reward_error_budget, reward_concurrency and the settings of an"
                        + " --environment");
    }
}
