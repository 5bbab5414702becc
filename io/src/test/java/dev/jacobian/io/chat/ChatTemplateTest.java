// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io.chat;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.jacobian.io.FormatException;
import dev.jacobian.io.Json;
import dev.jacobian.io.jinja.JinjaLimits;
import dev.jacobian.io.tokenizer.Tokenizer;
import dev.jacobian.io.tokenizer.TokenizerConfig;
import dev.jacobian.testing.TestPaths;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.BitSet;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ChatTemplateTest {
    private static final String HI = "[{\"role\": \"user\", \"content\": \"Hi\"}]";

    @TempDir
    Path folder;

    private ChatTemplate load() {
        return ChatTemplate.require(TokenizerConfig.load(folder), "folder");
    }

    private static Chat chat(String json) {
        return Chat.read(Json.parse(json, "chat"), "chat");
    }

    private static ChatTemplate of(String source) {
        return ChatTemplate.require(
                new TokenizerConfig(Map.of("bos_token", "<s>"), Map.of("default", source), Json.object()), "model");
    }

    private static String render(String source, String chat) {
        return of(source).render(chat(chat)).text();
    }

    // ---- where templates come from

    @Test
    void aFolderWithoutATemplateSaysWhatToDo() {
        assertThat(ChatTemplate.of(TokenizerConfig.load(folder), "folder")).isEmpty();
        assertThatThrownBy(this::load)
                .isInstanceOf(FormatException.class)
                .hasMessageContainingAll("folder", "no chat template", "chat_template.jinja");
    }

    @Test
    void filesStandForTheWholeFieldOfTheConfiguration() throws IOException {
        Files.writeString(folder.resolve("tokenizer_config.json"), """
            {"chat_template": [{"name": "default", "template": "field"}, {"name": "tool_use", "template": "field tools"}]}\
            """);
        String withTools = "{\"messages\": " + HI + ", \"tools\": [{}]}";
        assertThat(load().render(chat(HI)).text()).isEqualTo("field");
        assertThat(load().render(chat(withTools)).text()).isEqualTo("field tools");
        Files.writeString(folder.resolve("chat_template.jinja"), "file");
        assertThat(load().render(chat(HI)).text()).isEqualTo("file");
        assertThat(load().render(chat(withTools)).text()).isEqualTo("file");
        Files.createDirectory(folder.resolve("additional_chat_templates"));
        Files.writeString(folder.resolve("additional_chat_templates").resolve("tool_use.jinja"), "file tools");
        Files.writeString(folder.resolve("additional_chat_templates").resolve("notes.txt"), "no template");
        assertThat(load().render(chat(HI)).text()).isEqualTo("file");
        assertThat(load().render(chat(withTools)).text()).isEqualTo("file tools");
    }

    @Test
    void aTemplateIsNamedOrGiven() throws IOException {
        Files.writeString(
                folder.resolve("tokenizer_config.json"),
                "{\"chat_template\": [{\"name\": \"rag\", \"template\": \"R{{ documents|length }}\"}]}");
        assertThatThrownBy(() -> load().render(chat(HI)))
                .hasMessageContainingAll("none of them is the usual one", "[rag]");
        assertThat(load().render(chat("{\"messages\": " + HI + ", \"chat_template\": \"rag\", \"documents\": [{}]}"))
                        .text())
                .isEqualTo("R1");
        assertThat(load().render(chat("{\"messages\": " + HI + ", \"chat_template\": \"={{ 1 + 1 }}\"}"))
                        .text())
                .isEqualTo("=2");
    }

    // ---- variables

    @Test
    void findsTheVariablesOfTransformers() {
        assertThat(render(
                        "{{ bos_token }}{{ eos_token is defined }}{{ tools is none }}{{ documents is none }}"
                                + "{{ add_generation_prompt }}{{ messages[0].content }}{{ x }}{{ y }}",
                        "{\"messages\": " + HI + ", \"x\": 1.0, \"chat_template_kwargs\": {\"y\": null}}"))
                .isEqualTo("<s>FalseTrueTrueFalseHi1.0None");
        assertThat(render("{{ bos_token }}", "{\"messages\": " + HI + ", \"bos_token\": \"mine\"}"))
                .isEqualTo("mine");
    }

    @Test
    void theClockCanBeSet() {
        ChatTemplate template = of("{{ strftime_now('%d %b %Y') }}")
                .at(Clock.fixed(Instant.parse("2024-02-29T12:00:00Z"), ZoneOffset.UTC));
        assertThat(template.render(chat(HI)).text()).isEqualTo("29 Feb 2024");
    }

    @Test
    void limitsAreNamed() {
        ChatTemplate template =
                of("{% for i in range(1000) %}{% endfor %}").within(new JinjaLimits(100, 100, 10_000, 100));
        assertThatThrownBy(() -> template.render(chat(HI)))
                .hasMessageContainingAll("model, chat template", "(limit: steps)");
    }

    // ---- the final message

    @Test
    void theFinalMessageStaysOpen() {
        String source = "{% for m in messages %}[{{ m.role }}]{{ m.content }}<end>{% endfor %}";
        String json = "{\"messages\": [{\"role\": \"user\", \"content\": \"q\"}, {\"role\": \"assistant\", \"content\":"
                + " \"%s\"}], \"continue_final_message\": true}";
        assertThat(render(source, json.formatted("a b "))).isEqualTo("[user]q<end>[assistant]a b ");
        // a template that strips: the blanks behind the message go
        assertThat(render(source.replace("m.content", "m.content|trim"), json.formatted("a b ")))
                .isEqualTo("[user]q<end>[assistant]a b");
        assertThat(render(source, json.formatted(""))).isEqualTo("[user]q<end>[assistant]");
    }

    @Test
    void theLastTextOfPartsStaysOpen() {
        assertThat(render("{% for m in messages %}{% for p in m.content %}{{ p.text }}|{% endfor %}{% endfor %}", """
            {"messages": [{"role": "assistant", "content": [{"text": "a"}, {"text": "b"}, {"image": 1}]}],
             "continue_final_message": true}\
            """))
                .isEqualTo("a|b");
    }

    @Test
    void whatCannotStayOpenIsAnError() {
        String json = "{\"messages\": [{\"role\": \"assistant\", \"content\": %s}], \"continue_final_message\": true}";
        assertThatThrownBy(() -> render(
                        "{{ messages[0].content.split('</think>')[-1] }}", json.formatted("\"<think>r</think>x\"")))
                .hasMessageContaining("does not appear in the rendered text");
        assertThatThrownBy(() -> render("x", json.formatted("null"))).hasMessageContaining("no text to continue");
        assertThatThrownBy(() -> render("x", json.formatted("[{\"image\": 1}]")))
                .hasMessageContaining("no text to continue");
        assertThatThrownBy(() -> render(
                        "x",
                        "{\"messages\": " + HI
                                + ", \"continue_final_message\": true, \"add_generation_prompt\": true}"))
                .hasMessageContaining("exclude each other");
    }

    // ---- failures

    @Test
    void failuresHaveTheirPlace() {
        assertThatThrownBy(() -> render("a\n{{ raise_exception('no ' + messages[0].role) }}", HI))
                .isInstanceOf(FormatException.class)
                .hasMessageContainingAll("model, chat template, line 2", "refuses this conversation: no user");
        assertThatThrownBy(() -> render("a\n\n{% if %}", HI)).hasMessageContainingAll("line 3", "not a template");
        assertThatThrownBy(() -> render("{{ messages[0].tool_calls[0] }}", HI))
                .hasMessageContainingAll("line 1", "has no attribute 'tool_calls'");
        assertThatThrownBy(() -> render("{{ messages.append(1) }}", HI)).hasMessageContaining("unsafe");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "5",
                "{}",
                "[]",
                "[5]",
                "[{\"content\": \"x\"}]",
                "{\"messages\": {}}",
                "{\"messages\": [{\"role\": \"user\"}], \"tools\": {}}",
                "{\"messages\": [{\"role\": \"user\"}], \"add_generation_prompt\": 1}",
                "{\"messages\": [{\"role\": \"user\"}], \"chat_template_kwargs\": []}",
                "{\"messages\": [{\"role\": \"user\"}], \"chat_template_kwargs\": {\"messages\": 5}}",
                "{\"messages\": [{\"role\": \"user\"}], \"tools\": [5]}"
            })
    void whatIsNoConversationIsAnError(String json) {
        assertThatThrownBy(() -> chat(json)).isInstanceOf(FormatException.class).hasMessageStartingWith("chat");
    }

    // ---- the tokens that the assistant says

    @ParameterizedTest
    @ValueSource(
            strings = {
                "bytelevel-qwen",
                "bytelevel-llama3",
                "bytelevel-tekken",
                "spm-bytefallback",
                "spm-metaspace",
                "spm-gemma"
            })
    void findsTheTokensOfTheAssistant(String name) {
        Tokenizer tokenizer = Tokenizer.load(TestPaths.testdata("tokenizers", name));
        ChatTemplate template =
                of("{% for m in messages %}[{{ m.role }}] {% if m.role == 'assistant' %}{% generation %}{{ m.content"
                        + " }}.{% endgeneration %}{% else %}{{ m.content }}{% endif %}\n"
                        + "{% endfor %}");
        RenderedChat rendered = template.render(chat("""
            [{"role": "user", "content": "Hello you é 你"}, {"role": "assistant", "content": "naïve 😀 answer"},
             {"role": "user", "content": "so?"}, {"role": "assistant", "content": "yes"}]\
            """));
        int[] ids = rendered.encode(tokenizer);
        BitSet said = rendered.assistantTokens(tokenizer, ids);
        String text = tokenizer.decode(said.stream().map(i -> ids[i]).toArray(), false);
        assertThat(text.replace(" ", "").replace("\n", "").replace("]", "")).isEqualTo("naïve😀answer.yes.");
        assertThat(said.cardinality()).isLessThan(ids.length / 2 + 5);
    }

    @Test
    void textsThatTheTokenizerComposesAreFoundToo() {
        Tokenizer tokenizer = Tokenizer.load(TestPaths.testdata("tokenizers", "bytelevel-qwen")); // NFC
        ChatTemplate template = of("{{ messages[0].content }}{% generation %}e\u0301!{% endgeneration %}");
        RenderedChat rendered = template.render(chat("[{\"role\": \"user\", \"content\": \"a\u0308 \"}]"));
        int[] ids = rendered.encode(tokenizer);
        BitSet said = rendered.assistantTokens(tokenizer, ids);
        assertThat(tokenizer.decode(said.stream().map(i -> ids[i]).toArray(), false))
                .isEqualTo("é!");
    }
}
