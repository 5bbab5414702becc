// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io.chat;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** Answers as models write them, whole and in pieces of every length. */
class ToolCallParserTest {
    private static final String WEATHER = "weather {\"city\":\"Paris\"}";
    private static final String TIME = "time {}";

    /** The text, then each call as {@code name arguments}; the same however the answer is cut. */
    private static List<String> parse(ToolCallFormat format, String answer) {
        List<String> whole = parse(format, answer, answer.length());
        for (int length = 1; length < answer.length(); length++) {
            assertThat(parse(format, answer, length)).as("pieces of %s", length).isEqualTo(whole);
        }
        return whole;
    }

    private static List<String> parse(ToolCallFormat format, String answer, int length) {
        ToolCallParser parser = new ToolCallParser(format, Set.of("weather", "time"));
        List<ToolCallParser.Part> parts = new ArrayList<>();
        for (int i = 0; i < answer.length(); i += length) {
            parts.addAll(parser.push(answer.substring(i, Math.min(answer.length(), i + length))));
        }
        parts.addAll(parser.finish());
        List<String> found = new ArrayList<>();
        found.add(parts.stream().map(ToolCallParser.Part::text).collect(Collectors.joining()));
        parts.forEach(part -> part.call().ifPresent(call -> found.add(call.name() + " " + call.arguments())));
        return found;
    }

    @Test
    void hermes() {
        assertThat(parse(ToolCallFormat.HERMES, """
            Let me look.
            <tool_call>
            {"name": "weather", "arguments": {"city": "Paris"}}
            </tool_call>
            <tool_call>
            {"name": "time", "arguments": {}}
            </tool_call>\
            """)).containsExactly("Let me look.", WEATHER, TIME);
    }

    @Test
    void hermesWithoutItsEnd() {
        assertThat(parse(ToolCallFormat.HERMES, "<tool_call>{\"name\": \"time\"}"))
                .containsExactly("", TIME);
    }

    @Test
    void textBehindACallIsSaid() {
        assertThat(parse(ToolCallFormat.HERMES, "<tool_call>{\"name\":\"time\"}</tool_call>\n\nDone, I hope. "))
                .containsExactly("Done, I hope. ", TIME);
    }

    @Test
    void whatIsNoCallStaysText() {
        for (String text : List.of(
                "a <tool_call> b",
                "<tool_call>{\"name\": 1}</tool_call>",
                "<tool_call>not json</tool_call> and more",
                "1 < 2, <tool, <tool_cal",
                "blanks \n ",
                "")) {
            assertThat(parse(ToolCallFormat.HERMES, text)).as(text).hasSize(1);
        }
        assertThat(parse(ToolCallFormat.HERMES, "1 < 2, <tool, <tool_cal")).containsExactly("1 < 2, <tool, <tool_cal");
        assertThat(parse(ToolCallFormat.HERMES, "<tool_call>not json</tool_call> and more"))
                .containsExactly("<tool_call>not json</tool_call> and more");
    }

    @Test
    void llama() {
        String call = "{\"name\": \"weather\", \"parameters\": {\"city\": \"Paris\"}}";
        assertThat(parse(ToolCallFormat.LLAMA, call)).containsExactly("", WEATHER);
        assertThat(parse(ToolCallFormat.LLAMA, "<|python_tag|>" + call + "; {\"name\": \"time\", \"parameters\": {}}"))
                .containsExactly("", WEATHER, TIME);
    }

    @Test
    void aJsonAnswerIsNoCallOfLlamas() {
        for (String text : List.of("{\"name\": \"Ann\", \"parameters\": {}}", "{\"answer\": 42}", "{broken")) {
            assertThat(parse(ToolCallFormat.LLAMA, text)).containsExactly(text);
        }
        assertThat(parse(ToolCallFormat.LLAMA, "It is {\"name\": \"time\"}."))
                .containsExactly("It is {\"name\": \"time\"}.");
    }

    @Test
    void mistral() {
        assertThat(parse(
                        ToolCallFormat.MISTRAL,
                        "[TOOL_CALLS] [{\"name\": \"weather\", \"arguments\": {\"city\": \"Paris\"}}, {\"name\":"
                                + " \"time\", \"arguments\": {}, \"id\": \"123456789\"}]"))
                .containsExactly("", WEATHER, TIME);
        assertThat(parse(
                        ToolCallFormat.MISTRAL,
                        "Well. [TOOL_CALLS]weather[ARGS]{\"city\": \"Paris\"}[TOOL_CALLS]time[CALL_ID]1[ARGS]{}"))
                .containsExactly("Well.", WEATHER, TIME);
    }

    @Test
    void bracesInStringsDoNotEndACall() {
        assertThat(parse(ToolCallFormat.MISTRAL, "[TOOL_CALLS]weather{\"city\": \"}]\\\"{\"}"))
                .containsExactly("", "weather {\"city\":\"}]\\\"{\"}");
    }

    @Test
    void theTemplateShowsTheFormat() {
        assertThat(ToolCallFormat.of("{% if tools %}<tool_call>{% endif %}")).contains(ToolCallFormat.HERMES);
        assertThat(ToolCallFormat.of("{% if tools %}[TOOL_CALLS]{% endif %}")).contains(ToolCallFormat.MISTRAL);
        assertThat(ToolCallFormat.of("{% if tools %}<|python_tag|>{% endif %}")).contains(ToolCallFormat.LLAMA);
        assertThat(ToolCallFormat.of("{% if tools %}{\"name\": x, \"parameters\": dictionary of{% endif %}"))
                .contains(ToolCallFormat.LLAMA);
        assertThat(ToolCallFormat.of("{% if tools %}<TOOLCALL>{% endif %}")).isEmpty();
        assertThat(ToolCallFormat.of("{{ messages }}")).isEmpty();
    }
}
