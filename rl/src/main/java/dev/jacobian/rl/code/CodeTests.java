// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.code;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.jacobian.io.FormatException;
import dev.jacobian.io.Json;
import dev.jacobian.rl.reward.Columns;
import dev.jacobian.rl.reward.MissingColumnException;
import dev.jacobian.rl.sandbox.Program;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.StreamSupport;

/**
 * A problem's tests as data sets write them. What the column holds says which kind they are:
 *
 * <ul>
 *   <li>{@code {"inputs": [...], "outputs": [...]}}, as APPS, TACO and CodeContests have it, or a list of {@code {"input": ..., "output": ...}}: standard
 *       input and output;
 *   <li>the same with {@code "fn_name"}: arguments and result of a function, or of a method of {@code Solution} (Python only);
 *   <li>a list of texts ({@code "assert f(2) == 4"}), as MBPP has it: each is a test (Python only);
 *   <li>a text of code, as HumanEval has it: one test; where the row has a column {@code entry_point}, {@code check} is called with that
 *       function (Python only).
 * </ul>
 *
 * <p>The first two may also be a text that is JSON.
 */
sealed interface CodeTests permits CodeTests.Texts, PythonTests.Assertions, PythonTests.Calls {

    /** Judges a program by these tests. */
    Judged judge(Judge judge, Program program);

    /** Texts in, texts out. */
    record Texts(List<TestCase> cases) implements CodeTests {
        @Override
        public Judged judge(Judge judge, Program program) {
            return judge.judge(program, cases);
        }
    }

    /**
     * Reads a row's tests.
     *
     * @throws IllegalArgumentException naming the column and what is wrong with it
     */
    static CodeTests of(Columns columns, String column) {
        String where = "column '" + column + "'";
        if (columns.has(column) && columns.value(column).isEmpty()) {
            throw new IllegalArgumentException(where + " is null, so no program could be judged");
        }
        Object value = columns.value(column)
                .orElseThrow(() ->
                        new MissingColumnException(column, columns.values().keySet()));
        if (value instanceof String text && !isJson(text)) {
            String call = columns.has("entry_point") ? "\ncheck(" + columns.string("entry_point") + ")\n" : "\n";
            return new PythonTests.Assertions(List.of(require(text, where) + call));
        }
        JsonNode tests = value instanceof String text ? Json.parse(text, where) : new ObjectMapper().valueToTree(value);
        return tests.isArray() ? ofList(tests, where) : ofColumns(tests, where);
    }

    private static boolean isJson(String text) {
        String stripped = text.strip();
        return stripped.startsWith("{") || stripped.startsWith("[");
    }

    private static String require(String text, String where) {
        if (text.isBlank()) {
            throw new IllegalArgumentException(where + " is empty, so no program could be judged");
        }
        return text;
    }

    private static CodeTests ofList(JsonNode tests, String where) {
        List<JsonNode> all = list(tests);
        if (!all.isEmpty() && all.stream().allMatch(JsonNode::isTextual)) {
            return new PythonTests.Assertions(
                    all.stream().map(test -> require(test.textValue(), where)).toList());
        }
        return of(
                all.stream().map(test -> field(test, "input", where)).toList(),
                all.stream().map(test -> field(test, "output", where)).toList(),
                "",
                where);
    }

    private static CodeTests ofColumns(JsonNode tests, String where) {
        return of(
                list(field(tests, "inputs", where)),
                list(field(tests, "outputs", where)),
                tests.path("fn_name").asText(""),
                where);
    }

    private static CodeTests of(List<JsonNode> inputs, List<JsonNode> outputs, String function, String where) {
        if (inputs.isEmpty() || inputs.size() != outputs.size()) {
            throw new IllegalArgumentException(where + " has " + inputs.size() + " inputs and " + outputs.size()
                    + " outputs; there must be as many of each, and at least one");
        }
        if (!function.isEmpty()) {
            try {
                return new PythonTests.Calls(function, inputs, outputs);
            } catch (FormatException e) {
                throw new IllegalArgumentException(where + " has arguments that cannot be read: " + e.getMessage(), e);
            }
        }
        List<TestCase> cases = new ArrayList<>();
        for (int i = 0; i < inputs.size(); i++) {
            cases.add(new TestCase(text(inputs.get(i)), text(outputs.get(i))));
        }
        return new Texts(cases);
    }

    /** A text; of a list of lines, as APPS sometimes has it, the lines. */
    private static String text(JsonNode node) {
        return node.isArray()
                ? String.join("\n", list(node).stream().map(CodeTests::text).toList())
                : node.isValueNode() ? node.asText() : Json.compact(node);
    }

    private static JsonNode field(JsonNode node, String name, String where) {
        JsonNode field = node.get(name);
        if (field == null || field.isNull()) {
            throw new IllegalArgumentException(
                    where + " must hold tests as {\"inputs\": [...], \"outputs\": [...]}, as a list of"
                            + " {\"input\": ..., \"output\": ...}, as a list of assertions or as code; '" + name
                            + "' is missing in "
                            + Json.excerpt(node));
        }
        return field;
    }

    private static List<JsonNode> list(JsonNode node) {
        return StreamSupport.stream(node.spliterator(), false).toList();
    }
}
