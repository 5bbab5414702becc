// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.environment.tool;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.Json;
import dev.jacobian.io.chat.ToolCallFormat;
import dev.jacobian.rl.environment.EnvironmentLimits;
import dev.jacobian.rl.environment.Observation;
import dev.jacobian.rl.environment.Reply;
import dev.jacobian.rl.environment.Said;
import dev.jacobian.rl.environment.Session;
import dev.jacobian.rl.environment.Start;
import dev.jacobian.rl.environment.ToolCalls;
import dev.jacobian.rl.reward.Columns;
import dev.jacobian.rl.sandbox.Language;
import dev.jacobian.rl.sandbox.Sandboxes;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What tools answer, and how calls of them are written. */
class ToolsTest {
    private static final Columns TEXT = Columns.of(
            "context",
            "The tower was built in 1889.\n\n"
                    + "Its architect was Sauvestre.\n"
                    + "It is 330 metres high.\n"
                    + "The tower is in Paris.");

    private static Start plain() {
        return new Start("p", "?", TEXT, 1, 0);
    }

    private static Start conversation(int most) {
        return new Start("p", "[]", TEXT, 1, 0, true, Optional.of(new ToolCalls(ToolCallFormat.HERMES, most)));
    }

    private static String call(Tool tool, String argument) throws Exception {
        String parameter = tool.parameters().path("required").path(0).asText();
        return tool.open(plain()).call(Json.object().put(parameter, argument));
    }

    @ParameterizedTest
    @CsvSource({
        "17*3, 51",
        "2*(3.5+1), 9",
        "1/3, 0.333333333333",
        "10/4=, 2.5",
        "-2^2, -4",
        "2^-2, 0.25",
        "2**3*2, 16",
        "2^3^2, 512",
        "1 - - 1, 2",
        "0.1+0.2, 0.3",
        "99999999999*99999999999, 9999999999800000000001",
        "2×3−1, 5",
        ".5*2, 1"
    })
    void computes(String expression, String value) throws Exception {
        assertThat(call(new Calculator(), expression)).isEqualTo(value);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "1/0 | division by zero",
                "1+ | the expression ends too early",
                "import os | unexpected 'i' at position 1",
                "2^65000 | a number is too large",
                "9^9^9^9 | an exponent must be a whole number, and not a large one",
                "(1 | the expression ends too early",
                "1 2 | unexpected '2' at position 3",
                "10^50 | the result has 51 digits",
                "'' | the expression ends too early"
            })
    void tellsWhatIsWrong(String expression, String message) {
        assertThatThrownBy(() -> call(new Calculator(), expression))
                .isInstanceOf(ToolException.class)
                .hasMessage(message);
    }

    @Test
    @DisplayName("hostile arithmetic is refused at once")
    void hostile() {
        for (String expression : List.of("(".repeat(900), "-".repeat(900) + "1", "1".repeat(2000), "9^9999*9^9999")) {
            assertThatThrownBy(() -> call(new Calculator(), expression)).isInstanceOf(ToolException.class);
        }
    }

    @Test
    @DisplayName(
            "a search tells the passages with the rarest words first, in the order of the text where they match alike")
    void search() throws Exception {
        TextSearch search = new TextSearch("context", 2);
        assertThat(call(search, "the architect?")).startsWith("Its architect was Sauvestre.\n");
        assertThat(call(search, "TOWER")).isEqualTo("The tower is in Paris.\nThe tower was built in 1889.");
        assertThat(call(search, "zebra")).isEqualTo("nothing found");
        assertThatThrownBy(() -> new TextSearch("text", 1).open(plain()))
                .hasMessageContaining("no column 'text'; its columns are [context]");
    }

    @Test
    @DisplayName(
            "in a conversation calls are what the template writes, each answered by a message; mistakes are told and"
                    + " counted")
    void conversation() throws Exception {
        ToolEnvironment environment = ToolEnvironment.of(new Calculator(), new TextSearch("context", 1));
        try (Session session = environment.reset(conversation(3))) {
            Reply reply = session.respond(new Said(1, """
                I compute. <tool_call>{"name": "calculator", "arguments": {"expression": "6*7"}}</tool_call>
                <tool_call>{"name": "calculator", "arguments": {"x": "6*7"}}</tool_call>
                <tool_call>{"name": "oracle", "arguments": {}}</tool_call>
                <tool_call>{"name": "search", "arguments": {"query": "Paris"}}</tool_call>\
                """, true));
            assertThat(reply)
                    .isEqualTo(Reply.of(new Observation.Results(List.of(
                                    new Observation.Result("calculator", "42"),
                                    new Observation.Result(
                                            "calculator",
                                            "{\"error\":\"the argument 'expression' is missing, or no text\"}"),
                                    new Observation.Result("oracle", "{\"error\":\"there is no tool 'oracle'\"}"))))
                            .withCalls(4, 3));
            assertThat(session.respond(new Said(2, "It is 42.", true))).isEqualTo(Reply.done());
        }
        assertThatThrownBy(() -> environment.reset(new Start("p", "[]", TEXT, 1, 0, true, Optional.empty())))
                .hasMessageContaining("chat template shows it no tools");
    }

    @Test
    @DisplayName("in plain text a turn ends with a call, and the answer stands behind it")
    void plainText() throws Exception {
        ToolEnvironment one = ToolEnvironment.of(new Calculator());
        assertThat(one.stops()).containsExactly(">>");
        try (Session session = one.reset(plain())) {
            assertThat(session.respond(new Said(1, "let me see: <<6*7>>", false)))
                    .isEqualTo(Reply.of("=42;").withCalls(1, 0));
            assertThat(session.respond(new Said(2, "6*7>>", false)))
                    .isEqualTo(Reply.of("=42;").withCalls(1, 0));
            assertThat(session.respond(new Said(3, "<<six>>", false)))
                    .isEqualTo(Reply.of("={\"error\":\"unexpected 's' at position 1\"};")
                            .withCalls(1, 1));
            assertThat(session.respond(new Said(4, "42", true))).isEqualTo(Reply.done());
        }
        ToolEnvironment two = ToolEnvironment.of(new Calculator(), new TextSearch("context", 1));
        try (Session session = two.reset(plain())) {
            assertThat(session.respond(new Said(1, "<<search:Paris>>", false)))
                    .isEqualTo(Reply.of("=The tower is in Paris.;").withCalls(1, 0));
            assertThat(session.respond(new Said(2, "<<6*7>>", false)))
                    .isEqualTo(
                            Reply.of("={\"error\":\"there is no tool '6*7'\"};").withCalls(1, 1));
        }
    }

    @Test
    @DisplayName("a tool of a few lines; tools that fail for another reason than the call fail the sample; names are"
            + " checked")
    void ownTools() throws Exception {
        Tool upper = Tool.of("upper", "Capitals.", "text", text -> text.toUpperCase(Locale.ROOT));
        assertThat(call(upper, "a")).isEqualTo("A");
        ObjectNode schema = upper.schema();
        assertThat(Json.compact(schema))
                .isEqualTo("{\"type\":\"function\",\"function\":{\"name\":\"upper\",\"description\":\"Capitals.\","
                        + "\"parameters\":{\"type\":\"object\",\"properties\":{\"text\":{\"type\":\"string\"}},"
                        + "\"required\":[\"text\"]}}}");
        Tool broken = Tool.of("broken", "", "text", text -> {
            throw new IllegalStateException("no ink");
        });
        try (Session session = ToolEnvironment.of(broken).reset(plain())) {
            assertThatThrownBy(() -> session.respond(new Said(1, "<<x>>", false)))
                    .hasMessage("no ink");
        }
        assertThatThrownBy(() -> new ToolEnvironment(
                        "two", List.of(upper, upper), PlainCalls.DEFAULT, EnvironmentLimits.DEFAULT))
                .hasMessageContaining("each another, not 'upper'");
    }

    @Test
    @DisplayName("Python programs tell what they print; of what went wrong the last line is told")
    void python() throws Exception {
        Sandboxes.isolated().close();
        Sandboxes.needed(Language.python());
        PythonTool python = new PythonTool(2, 128, true);
        assertThat(call(python, "print(6 * 7)")).isEqualTo("42");
        assertThat(call(python, "x = 1")).isEqualTo("(nothing was printed)");
        assertThatThrownBy(() -> call(python, "print('before')\n1 / 0"))
                .isInstanceOf(ToolException.class)
                .hasMessage("before\nZeroDivisionError: division by zero");
        assertThatThrownBy(() -> call(python, "while True: pass")).hasMessageMatching("cpu limit|wall limit");
        assertThatThrownBy(() -> call(python, "def")).hasMessageStartingWith("SyntaxError");
    }
}
