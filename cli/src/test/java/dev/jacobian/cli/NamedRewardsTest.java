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

/** {@code rl} and {@code eval} with rewards by name. */
class NamedRewardsTest {
    private static final Path MODEL = TestPaths.project().resolve("models/countdown-0.6m");

    @TempDir
    Path work;

    private Object[] rl(Object... more) {
        List<Object> args = new ArrayList<>(List.of("rl", "--steps", "1", "--prompts", "2", "--group-size", "2"));
        for (String setting : List.of("final_eval_problems=2", "eval_steps=0", "max_completion_length=12")) {
            args.addAll(List.of("--set", setting));
        }
        args.addAll(List.of("--model", MODEL, "--out", work.resolve("run"), "--json"));
        args.addAll(List.of(more));
        return args.toArray();
    }

    private JsonNode lastStep() {
        return Jsonl.read(work.resolve("run").resolve("metrics.jsonl")).getLast();
    }

    @Test
    @DisplayName("a generated task keeps its own reward, which decides; others come beside, and run.json has them")
    void beside() {
        Run.of(rl(
                        "--reward",
                        "regex:0.5,pattern=[0-9]",
                        "--reward",
                        "group_length:0.5,warmup_steps=3",
                        "--reward",
                        "regex:0.1,pattern=x"))
                .json();
        assertThat(lastStep().fieldNames())
                .toIterable()
                .contains(
                        "rewards/countdown/mean",
                        "rewards/regex/mean",
                        "rewards/group_length/mean",
                        "rewards/regex_2/mean");
        String saved = Json.read(work.resolve("run").resolve("run.json"))
                .path("options")
                .path("rewards")
                .asText();
        assertThat(saved)
                .isEqualTo("[{\"name\":\"regex\",\"weight\":0.5,\"pattern\":\"[0-9]\"},"
                        + "{\"name\":\"group_length\",\"weight\":0.5,\"warmup_steps\":3},"
                        + "{\"name\":\"regex\",\"weight\":0.1,\"pattern\":\"x\"}]");
        Run.of("rl", "--resume", "--out", work.resolve("run"), "--json").json();
    }

    @Test
    @DisplayName("rows have the named rewards alone; a file of settings names them too")
    void rows() throws IOException {
        Path data = Files.write(
                work.resolve("rows.jsonl"),
                List.of(
                        "{\"prompt\": \"3 7 15 = 36\\n\", \"answer\": \"#### 5\"}",
                        "{\"prompt\": \"2 13 6 = 21\\n\", \"answer\": \"#### 6\"}"));
        Path config = Files.writeString(
                work.resolve("config.json"),
                "{\"rewards\": [\"format:0.1\", {\"name\": \"gsm8k\", \"method\": \"flexible\"}]}");
        Run.of(rl("--data", data, "--config", config)).json();
        assertThat(lastStep().fieldNames())
                .toIterable()
                .contains("rewards/format/mean", "rewards/gsm8k/mean")
                .doesNotContain("rewards/exact_match/mean");
        JsonNode eval = Run.of(
                        "eval",
                        "--model",
                        MODEL,
                        "--data",
                        data,
                        "--reward",
                        "gsm8k",
                        "--problems",
                        "1",
                        "--max-new-tokens",
                        "8",
                        "--json")
                .json();
        assertThat(eval.toString()).contains("pass@1");
    }

    @Test
    void wrongUsage() {
        assertThat(Run.of("rl", "--reward", "gsm8").failure(ExitCode.USAGE)).contains("did you mean 'gsm8k'?");
        assertThat(Run.of("rl", "--reward", "gsm8k:much").failure(ExitCode.USAGE))
                .contains("--reward: 'weight' must be a number, not \"much\"");
        assertThat(Run.of("eval", "--reward", "gsm8k,methode=strict").failure(ExitCode.USAGE))
                .contains("the reward gsm8k has no setting 'methode'");
        assertThat(Run.of("rl", "--model", MODEL, "--reward", "reward_model").failureBehindNotes())
                .contains("reward_model needs the model's folder: path=DIR");
        assertThat(Run.of("rl", "--model", MODEL, "--reward", "remote_judge").failureBehindNotes())
                .contains("remote_judge needs an address");
    }
}
