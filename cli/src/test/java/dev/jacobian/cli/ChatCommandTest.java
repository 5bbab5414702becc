// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.jacobian.io.Json;
import dev.jacobian.io.tokenizer.Tokenizer;
import dev.jacobian.testing.TestPaths;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code tokenize --chat} and {@code generate --chat}. */
class ChatCommandTest {
    private static final String TEMPLATE = """
        {%- if tools %}T{{ tools|length }}{% endif -%}
        {%- for m in messages -%}
        {%- if m.role == 'system' and not loop.first %}{{ raise_exception('system comes first') }}{% endif -%}
        <{{ m.role }}>{{ m.content }}{{ eos }}
        {% endfor -%}
        {%- if add_generation_prompt %}<assistant>{% endif %}\
        """;

    @TempDir
    Path folder;

    private Path model;

    @BeforeEach
    void model() throws IOException {
        model = TestPaths.copyModel("qwen3", folder);
        Files.writeString(model.resolve("chat_template.jinja"), TEMPLATE);
    }

    private Path file(String json) throws IOException {
        return Files.writeString(folder.resolve("chat.json"), json);
    }

    @Test
    void rendersMessages() throws IOException {
        Path chat = file("[{\"role\": \"user\", \"content\": \"Hi\"}]");
        assertThat(Run.of("tokenize", "--model", model, "--chat", chat).result())
                .isEqualTo("<user>Hi\n\n");
    }

    @Test
    void rendersEverythingThatTheFileSays() throws IOException {
        Path chat = file("""
            {"messages": [{"role": "user", "content": "Hi"}], "tools": [{}, {}], "add_generation_prompt": true,
             "eos": "!"}\
            """);
        JsonNode json =
                Run.of("tokenize", "--model", model, "--chat", chat, "--json").json();
        assertThat(json.get("text").textValue()).isEqualTo("T2<user>Hi!\n<assistant>");
        int[] ids = Tokenizer.load(model).encode("T2<user>Hi!\n<assistant>", false);
        assertThat(json.get("token_ids")).isEqualTo(Json.parse(Arrays.toString(ids), "ids"));
    }

    @Test
    void continuesTheFinalMessage() throws IOException {
        Path chat = file("""
            {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hel"}],
             "continue_final_message": true}\
            """);
        assertThat(Run.of("tokenize", "--model", model, "--chat", chat, "--json")
                        .json()
                        .get("text")
                        .textValue())
                .isEqualTo("<user>Hi\n<assistant>Hel");
    }

    @Test
    void aTemplateThatRaisesFailsWithItsMessage() throws IOException {
        Path chat = file("[{\"role\": \"user\", \"content\": \"a\"}, {\"role\": \"system\", \"content\": \"b\"}]");
        assertThat(Run.of("tokenize", "--model", model, "--chat", chat).failure(ExitCode.FAILED))
                .contains("line 3", "refuses this conversation: system comes first");
    }

    @Test
    void aFolderWithoutATemplateSaysSo() throws IOException {
        Files.delete(model.resolve("chat_template.jinja"));
        Files.deleteIfExists(model.resolve("tokenizer_config.json"));
        Path chat = file("[{\"role\": \"user\", \"content\": \"a\"}]");
        assertThat(Run.of("tokenize", "--model", model, "--chat", chat).failure(ExitCode.FAILED))
                .contains("there is no chat template");
        assertThat(Run.of("generate", "--model", model, "--message", "a").failure(ExitCode.FAILED))
                .contains("there is no chat template");
    }

    @Test
    void generatesTheNextMessage() throws IOException {
        String text = "<user>Hi\n<assistant>";
        JsonNode expected = Run.of(
                        "generate",
                        "--model",
                        model,
                        "--input-ids",
                        ids(text),
                        "--greedy",
                        "--json",
                        "--max-new-tokens",
                        5)
                .json();
        Path chat = file("[{\"role\": \"user\", \"content\": \"Hi\"}]");
        assertThat(Run.of("generate", "--model", model, "--chat", chat, "--greedy", "--json", "--max-new-tokens", 5)
                        .json())
                .isEqualTo(expected);
        assertThat(Run.of("generate", "--model", model, "--message", "Hi", "--greedy", "--json", "--max-new-tokens", 5)
                        .json())
                .isEqualTo(expected);
    }

    @Test
    void goesOnWithAMessageThatTheAssistantHasBegun() throws IOException {
        JsonNode expected = Run.of(
                        "generate",
                        "--model",
                        model,
                        "--input-ids",
                        ids("<user>Hi\n<assistant>Hel"),
                        "--greedy",
                        "--json",
                        "--max-new-tokens",
                        5)
                .json();
        Path chat =
                file("[{\"role\": \"user\", \"content\": \"Hi\"}, {\"role\": \"assistant\", \"content\": \"Hel\"}]");
        assertThat(Run.of("generate", "--model", model, "--chat", chat, "--greedy", "--json", "--max-new-tokens", 5)
                        .json())
                .isEqualTo(expected);
    }

    private Path ids(String text) throws IOException {
        int[] ids = Tokenizer.load(model).encode(text, false);
        return Files.writeString(folder.resolve("ids.json"), "[" + Arrays.toString(ids) + "]");
    }

    @Test
    void promptsExcludeEachOther() throws IOException {
        Path chat = file("[]");
        assertThat(Run.of("generate", "--model", model, "--chat", chat, "--prompt", "a")
                        .failure(ExitCode.USAGE))
                .contains("exclude each other");
        assertThat(Run.of("tokenize", "--model", model, "--chat", chat, "--decode")
                        .failure(ExitCode.USAGE))
                .contains("--chat excludes");
    }
}
