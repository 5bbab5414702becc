// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io.chat;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jacobian.io.Json;
import dev.jacobian.io.tokenizer.Tokenizer;
import dev.jacobian.testing.TestPaths;
import java.util.Arrays;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class ConversationTest {
    private static final String TEMPLATE = """
        {%- for m in messages -%}
        <|im_start|>{{ m.role }}
        {{ m.content }}<|im_end|>
        {% endfor -%}
        {%- if add_generation_prompt %}<|im_start|>assistant
        {% endif -%}\
        """;

    private final Tokenizer tokenizer = Tokenizer.load(TestPaths.model("qwen3"));

    private Conversation conversation(String template) {
        return new Conversation(tokenizer, ChatTemplate.of(template, tokenizer.config(), "test"), Json.object());
    }

    private int[] encode(String text) {
        return tokenizer.encode(text, false);
    }

    @Test
    void theNextPromptBeginsWithTheTokensThatWereChosen() {
        Conversation conversation = conversation(TEMPLATE);
        conversation.system(Optional.of("Be brief."));
        conversation.user("Hi");
        int[] first = conversation.prompt();
        assertThat(first)
                .isEqualTo(encode("<|im_start|>system\n"
                        + "Be brief.<|im_end|>\n"
                        + "<|im_start|>user\n"
                        + "Hi<|im_end|>\n"
                        + "<|im_start|>assistant\n"));

        // letter by letter: another way to cut the text than the tokenizer's
        int[] answer = "Hello<|im_end|>"
                .chars()
                .limit(5)
                .flatMap(c -> Arrays.stream(encode(Character.toString(c))))
                .toArray();
        assertThat(answer).isNotEqualTo(encode("Hello"));
        assertThat(conversation.assistant(answer)).isEqualTo("Hello");
        conversation.user("And?");
        int[] second = conversation.prompt();
        assertThat(second).startsWith(first);
        assertThat(Arrays.copyOfRange(second, first.length, first.length + answer.length))
                .isEqualTo(answer);
        assertThat(Arrays.copyOfRange(second, first.length + answer.length, second.length))
                .isEqualTo(encode("<|im_end|>\n<|im_start|>user\nAnd?<|im_end|>\n<|im_start|>assistant\n"));
    }

    @Test
    void aTemplateThatChangesWhatWasSaidIsFollowed() {
        Conversation conversation = conversation(TEMPLATE.replace("m.content }}", "m.content | upper }}"));
        conversation.user("Hi");
        conversation.prompt();
        conversation.assistant(encode("Hello"));
        conversation.user("And?");
        assertThat(conversation.prompt())
                .isEqualTo(encode("<|im_start|>user\n"
                        + "HI<|im_end|>\n"
                        + "<|im_start|>assistant\n"
                        + "HELLO<|im_end|>\n"
                        + "<|im_start|>user\n"
                        + "AND?<|im_end|>\n"
                        + "<|im_start|>assistant\n"));
    }

    @Test
    void anAnswerIsTakenBack() {
        Conversation conversation = conversation(TEMPLATE);
        conversation.user("Hi");
        int[] prompt = conversation.prompt();
        conversation.assistant(encode("No."));
        assertThat(conversation.takeBack("user")).isFalse();
        assertThat(conversation.takeBack("assistant")).isTrue();
        assertThat(conversation.takeBack("assistant")).isFalse();
        assertThat(conversation.prompt()).isEqualTo(prompt);
        assertThat(conversation.turns()).isEqualTo(1);
    }

    @Test
    void clearingKeepsTheSystemMessage() {
        Conversation conversation = conversation(TEMPLATE);
        conversation.system(Optional.of("A"));
        conversation.user("Hi");
        conversation.system(Optional.of("B"));
        assertThat(conversation.messages()).hasSize(2);
        conversation.clear();
        assertThat(conversation.messages().toString()).isEqualTo("[{\"role\":\"system\",\"content\":\"B\"}]");
        conversation.system(Optional.empty());
        assertThat(conversation.messages()).isEmpty();
    }
}
