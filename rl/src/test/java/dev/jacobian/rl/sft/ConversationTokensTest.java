// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.sft;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.FormatException;
import dev.jacobian.io.Json;
import dev.jacobian.io.Jsonl;
import dev.jacobian.io.chat.ChatRow;
import dev.jacobian.io.tokenizer.Tokenizer;
import dev.jacobian.testing.TestPaths;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ConversationTokensTest {
    private static final String TEMPLATE = """
        {%- if tools %}T{{ tools|length }}{% endif -%}
        {%- for m in messages -%}
        {%- if m.role == 'assistant' %}<a>{% generation %}{{ m.content }}!{% endgeneration %}
        {% else %}<{{ m.role }}>{{ m.content }}{{ mood }}
        {% endif -%}
        {%- endfor -%}
        {%- if add_generation_prompt %}<a>{% endif %}\
        """;

    @TempDir
    Path folder;

    private Tokenizer tokenizer(String name, String template) throws IOException {
        Path copy = TestPaths.copyModel(name, folder);
        Files.writeString(copy.resolve("chat_template.jinja"), template);
        return Tokenizer.load(copy);
    }

    private static ChatRow row(String json, String column) {
        return ChatRow.read(Json.parse(json, "row"), column, "row");
    }

    /** What is learned, as text. */
    private static String learned(Tokenizer tokenizer, ExampleTokens.Encoded encoded) {
        int[] ids = IntStream.range(0, encoded.tokens().length)
                .filter(i -> encoded.labels()[i] >= 0)
                .map(i -> encoded.tokens()[i])
                .toArray();
        return tokenizer.decode(ids, false);
    }

    @Test
    void ofPromptAndCompletionTheCompletionIsLearned() throws IOException {
        Tokenizer tokenizer = tokenizer("qwen3", TEMPLATE);
        ChatRow row = row("""
            {"prompt": [{"role": "user", "content": "Hi"}], "completion": [{"role": "assistant", "content": "Hello é😀"}],
             "tools": "[{}]", "chat_template_kwargs": {"mood": "?"}, "other": 1}\
            """, "prompt");
        ExampleTokens.Encoded encoded = new ConversationTokens(tokenizer, false).encode(row);
        assertThat(tokenizer.decode(encoded.tokens(), false)).isEqualTo("T1<user>Hi?\n<a>Hello é😀!");
        assertThat(learned(tokenizer, encoded)).isEqualTo("Hello é😀!");
        assertThat(learned(tokenizer, new ConversationTokens(tokenizer, true).encode(row)))
                .isEqualTo("Hello é😀!");
    }

    @Test
    void ofMessagesEverythingOrWhatTheAssistantSays() throws IOException {
        Tokenizer tokenizer = tokenizer("qwen3", TEMPLATE);
        ChatRow row = row("""
            {"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b😀"},
             {"role": "user", "content": "c"}, {"role": "assistant", "content": "d"}]}\
            """, "messages");
        ExampleTokens.Encoded all = new ConversationTokens(tokenizer, false).encode(row);
        assertThat(learned(tokenizer, all)).isEqualTo("<user>a\n<a>b😀!<user>c\n<a>d!");
        ExampleTokens.Encoded some = new ConversationTokens(tokenizer, true).encode(row);
        assertThat(some.tokens()).isEqualTo(all.tokens());
        assertThat(learned(tokenizer, some)).isEqualTo("b😀!d!");
    }

    @Test
    void aPromptThatEndsWithTheAssistantIsContinued() throws IOException {
        Tokenizer tokenizer = tokenizer("qwen3", "{% for m in messages %}{{ m.content }}{% endfor %}");
        ChatRow row = row("""
            {"prompt": [{"role": "user", "content": "1+"}, {"role": "assistant", "content": "1="}],
             "completion": [{"role": "assistant", "content": "2"}]}\
            """, "prompt");
        assertThat(learned(tokenizer, new ConversationTokens(tokenizer, false).encode(row)))
                .isEqualTo("2");
    }

    @Test
    void aPromptThatIsNoBeginningIsAnError() throws IOException {
        Tokenizer tokenizer = tokenizer("qwen3", "{{ messages|length }}{{ messages[-1].content }}");
        ChatRow row = row("""
            {"prompt": [{"role": "user", "content": "Hi"}], "completion": [{"role": "assistant", "content": "Ho"}]}\
            """, "prompt");
        assertThatThrownBy(() -> new ConversationTokens(tokenizer, false).encode(row))
                .isInstanceOf(FormatException.class)
                .hasMessageContaining("is not the beginning");
    }

    @Test
    void assistantOnlyLossNeedsATemplateThatMarksIt() throws IOException {
        Tokenizer tokenizer = tokenizer("qwen3", "{{ messages[0].content }}");
        ChatRow row = row("{\"messages\": [{\"role\": \"user\", \"content\": \"Hi\"}]}", "messages");
        assertThatThrownBy(() -> new ConversationTokens(tokenizer, true).encode(row))
                .hasMessageContaining("has no {% generation %}");
    }

    /** Tokens and labels are those of TRL. */
    @Test
    void isWhatTrlMakesOfConversations() {
        Path training = TestPaths.shared("golden", "training");
        Path run = training.resolve("sft-messages-assistant");
        Tokenizer tokenizer = Tokenizer.load(training.resolve("models").resolve("tiny-llama"));
        ConversationTokens tokens = new ConversationTokens(tokenizer, true);
        List<JsonNode> rows = Jsonl.read(run.resolve("data.jsonl"));
        List<JsonNode> expected = Jsonl.read(run.resolve("tokens.jsonl"));
        assertThat(rows).isNotEmpty();
        for (int i = 0; i < expected.size(); i++) {
            ExampleTokens.Encoded encoded =
                    tokens.encode(ChatRow.read(rows.get(i % rows.size()), "messages", "row " + i));
            assertThat(encoded.tokens()).isEqualTo(ints(expected.get(i).get("input_ids")));
            assertThat(encoded.labels()).isEqualTo(ints(expected.get(i).get("labels")));
        }
    }

    /** Prompts and completions of a preference run, which TRL divides by the same rule. */
    @Test
    void dividesPromptAndCompletionAsTrl() {
        Path training = TestPaths.shared("golden", "training");
        Path run = training.resolve("dpo-chat");
        Tokenizer tokenizer = Tokenizer.load(training.resolve("models").resolve("tiny-llama"));
        ConversationTokens tokens = new ConversationTokens(tokenizer, false);
        List<JsonNode> rows = Jsonl.read(run.resolve("data.jsonl"));
        List<JsonNode> expected = Jsonl.read(run.resolve("tokens.jsonl"));
        for (int i = 0; i < rows.size(); i++) {
            for (String side : List.of("chosen", "rejected")) {
                JsonNode row = Json.object()
                        .<ObjectNode>set("prompt", rows.get(i).get("prompt"))
                        .set("completion", rows.get(i).get(side));
                ExampleTokens.Encoded encoded = tokens.encode(ChatRow.read(row, "prompt", "row " + i));
                int[] prompt = ints(expected.get(i).get("prompt_ids"));
                assertThat(encoded.promptLength()).isEqualTo(prompt.length);
                assertThat(Arrays.copyOf(encoded.tokens(), prompt.length)).isEqualTo(prompt);
                assertThat(Arrays.copyOfRange(encoded.tokens(), prompt.length, encoded.tokens().length))
                        .isEqualTo(ints(expected.get(i).get(side + "_ids")));
            }
        }
    }

    private static int[] ints(JsonNode array) {
        return IntStream.range(0, array.size())
                .map(i -> array.get(i).intValue())
                .toArray();
    }
}
