// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.jacobian.io.Json;
import dev.jacobian.testing.TestPaths;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code chat} without a terminal: a line a turn. */
class ChatTest {
    @TempDir
    Path folder;

    private static List<JsonNode> json(String input, Object... options) {
        Run run = run(input, options);
        return run.result().lines().map(line -> Json.parse(line, "a line")).toList();
    }

    private static Run run(String input, Object... options) {
        Object[] args = new Object[options.length + 6];
        Object[] first = {"chat", "--model", TestPaths.model("qwen3"), "--json", "--max-new-tokens", 6};
        System.arraycopy(first, 0, args, 0, 6);
        System.arraycopy(options, 0, args, 6, options.length);
        return Run.withInput(input, args);
    }

    @Test
    void theFirstAnswerIsWhatGenerateGives() {
        JsonNode expected = Run.of(
                        "generate",
                        "--model",
                        TestPaths.model("qwen3"),
                        "--message",
                        "Hi",
                        "--seed",
                        3,
                        "--json",
                        "--max-new-tokens",
                        6)
                .json();
        JsonNode answer = json("Hi\n", "--seed", 3).getFirst();
        assertThat(answer.get("token_ids")).isEqualTo(expected.get("token_ids"));
        assertThat(answer.get("content")).isEqualTo(expected.get("text"));
        assertThat(answer.get("role").textValue()).isEqualTo("assistant");
        assertThat(answer.get("finish_reason")).isEqualTo(expected.get("finish_reason"));
    }

    @Test
    void searchesThatTheModelRecommendsAreLeftOut() throws Exception {
        Path model = TestPaths.copyModel("qwen3", folder);
        Files.writeString(
                model.resolve("generation_config.json"),
                "{\"num_beams\": 4, \"length_penalty\": 2, \"max_length\": 20, \"temperature\": 0.5}");
        Run run = Run.withInput("Hi\n", "chat", "--model", model, "--json", "--max-new-tokens", 6);
        assertThat(Json.parse(run.result(), "a line").get("completion_tokens").intValue())
                .isEqualTo(6);
        assertThat(run.err()).contains("sets temperature 0.5;").doesNotContain("num_beams", "max_length");
    }

    @Test
    void anotherFileOfSettingsTakesThePlaceOfTheModels() throws Exception {
        Path file = Files.writeString(folder.resolve("mine.json"), "{\"temperature\": 0.5}");
        Run mine = Run.withInput(
                "Hi\n",
                "chat",
                "--model",
                TestPaths.model("qwen3"),
                "--max-new-tokens",
                2,
                "--generation-config",
                file);
        assertThat(mine.code()).isZero();
        assertThat(mine.err()).contains(file + " sets temperature 0.5;").doesNotContain("the model's");
        Run none = Run.withInput(
                "Hi\n",
                "chat",
                "--model",
                TestPaths.model("qwen3"),
                "--max-new-tokens",
                2,
                "--generation-config",
                "none");
        assertThat(none.code()).isZero();
        assertThat(none.err()).doesNotContain(" sets ");
    }

    @Test
    void aTurnBeginsWithAllThatWasSaid() {
        List<JsonNode> answers = json("Hi\n\nAnd?\r\n", "--greedy");
        assertThat(answers).hasSize(2);
        int before = answers.get(0).get("prompt_tokens").intValue()
                + answers.get(0).get("completion_tokens").intValue();
        assertThat(answers.get(1).get("prompt_tokens").intValue()).isGreaterThan(before);
    }

    @Test
    void commandsWorkThere() throws Exception {
        Path file = folder.resolve("saved.json");
        List<JsonNode> answers = json(
                "/system Be brief.\nHi\n/retry\n/save " + file + "\n/clear\nHi\n/system\nHi\n/exit\nnever\n",
                "--seed",
                1);
        assertThat(answers).hasSize(4);
        assertThat(answers.get(1).get("prompt_tokens")).isEqualTo(answers.get(0).get("prompt_tokens"));
        assertThat(answers.get(1).get("token_ids")).isNotEqualTo(answers.get(0).get("token_ids"));
        assertThat(answers.get(2)).isEqualTo(answers.get(0)); // the same turn of the same conversation
        JsonNode saved = Json.read(file);
        assertThat(saved.valueStream().map(m -> m.get("role").textValue()))
                .containsExactly("system", "user", "assistant");
        assertThat(saved.get(2).get("content")).isEqualTo(answers.get(1).get("content"));

        // what was saved goes on
        assertThat(json("", "--chat", file)).isEmpty();
        assertThat(json("More\n", "--chat", file)).hasSize(1);
    }

    @Test
    void textIsPrintedWithoutJson() {
        JsonNode expected = json("Hi\n", "--greedy").getFirst();
        Run run = Run.withInput("Hi\n", "chat", "--model", TestPaths.model("qwen3"), "--max-new-tokens", 6, "--greedy");
        assertThat(run.result())
                .isEqualTo(dev.jacobian.io.Printable.of(expected.get("content").textValue()) + "\n");
    }

    @Test
    void problemsEndIt() {
        assertThat(run("/fly\n").failure(ExitCode.FAILED)).contains("there is no command /fly");
        assertThat(run("/retry\n").failure(ExitCode.FAILED)).contains("nothing to answer");
        assertThat(run("/save\n").failure(ExitCode.FAILED)).contains("/save FILE");
        assertThat(run("word ".repeat(200) + "\n").failure(ExitCode.FAILED))
                .contains("128 positions", "/clear begins anew");
    }

    @Test
    void aModelWithoutATemplateIsToldHow() throws Exception {
        Path model = TestPaths.copyModel("qwen3", folder);
        Files.delete(model.resolve("tokenizer_config.json"));
        assertThat(Run.withInput("Hi\n", "chat", "--model", model).failure(ExitCode.FAILED))
                .contains("no chat template", "--chat-template FILE", "generate --prompt");
        Path template = Files.writeString(
                folder.resolve("t.jinja"),
                "{% for m in messages %}{{ m.role }}: {{ m.content }}\n{% endfor %}assistant:");
        JsonNode answer = Run.withInput(
                        "Hi\n", "chat", "--model", model, "--chat-template", template, "--json", "--max-new-tokens", 2)
                .json();
        assertThat(answer.get("completion_tokens").intValue()).isBetween(1, 2);
        assertThat(Run.withInput("Hi\n", "chat", "--model", model, "--chat-template", folder.resolve("none"))
                        .failure(ExitCode.FAILED))
                .contains("no such file");
    }
}
