// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.code;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.Json;
import dev.jacobian.rl.sandbox.Outcome;
import dev.jacobian.rl.sandbox.Program;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.UUID;

/**
 * Tests that are Python themselves. They and the solution share an interpreter, so what protects them from each other is modest, and
 * stated here:
 *
 * <ul>
 *   <li>Tests that could pass no program, or would pass any, are found by running them on an empty one ({@link Harness}).
 *   <li>Tests come through standard input, which is read to its end before the solution's first line.
 *   <li>A test is passed when the program writes, at the end, a word that was drawn for this run. A solution that ends the
 *       interpreter early does not pass. One that searches the interpreter for the word could; a solution that must not is
 *       better judged by standard input and output.
 *   <li>The solution is not {@code __main__}: what it does only as a program of its own, it does not do here.
 * </ul>
 */
final class PythonTests {
    /** What solutions and tests of data sets take for granted. */
    static final String PRELUDE =
            "from typing import *\nimport bisect, collections, functools, heapq, itertools, math, re, string";

    private static final String RUNNER = """
        import json, sys
        source = json.loads(%s)
        job = json.loads(sys.stdin.read())
        try:
            code = compile(source, __file__, "exec")
        except (SyntaxError, ValueError) as error:
            sys.stderr.write('  File "%%s", line %%s\\n%%s\\n' %% (__file__, getattr(error, "lineno", 0), error))
            sys.exit(1)
        del source
        def run(job, code):
            names = {"__name__": "solution"}
            exec(job["prelude"], names)
            exec(code, names)
            result = None
            if "test" in job:
                try:
                    exec(compile(job["test"], "test", "exec"), names)
                except AssertionError as error:
                    sys.stderr.write("assertion failed: %%s\\n" %% error)
                    return
            else:
                owner = names.get("Solution")
                function = getattr(owner(), job["function"]) if owner else names[job["function"]]
                result = function(*job["arguments"])
            text = json.dumps(result, default=lambda value: list(value) if isinstance(value, (set, frozenset)) else str(value))
            sys.stdout.write("\\n%%s%%s\\n" %% (job["word"], text))
            sys.stdout.flush()
        run(job, code)
        """;

    private PythonTests() {}

    /** Code that raises AssertionError when the solution is wrong. */
    record Assertions(List<String> tests) implements CodeTests {
        Assertions {
            tests = List.copyOf(tests);
        }

        @Override
        public Judged judge(Judge judge, Program program) {
            Harness.requireUsable(judge, tests);
            List<ObjectNode> jobs =
                    tests.stream().map(test -> Json.object().put("test", test)).toList();
            return PythonTests.judge(judge, program, jobs, (result, test) -> true);
        }
    }

    /**
     * Calls of a function.
     *
     * @param inputs of each call its arguments: a list, or a text with a JSON value a line
     * @param outputs what it must return; a list of one value also stands for that value
     */
    record Calls(String function, List<JsonNode> inputs, List<JsonNode> outputs) implements CodeTests {
        Calls {
            inputs = List.copyOf(inputs);
            outputs = List.copyOf(outputs);
            for (JsonNode input : inputs) {
                arguments(function, input);
            }
        }

        @Override
        public Judged judge(Judge judge, Program program) {
            List<ObjectNode> jobs = new ArrayList<>();
            for (JsonNode input : inputs) {
                ObjectNode job = Json.object().put("function", function);
                job.set("arguments", arguments(function, input));
                jobs.add(job);
            }
            return PythonTests.judge(judge, program, jobs, (result, test) -> isRight(result, outputs.get(test)));
        }

        private static JsonNode arguments(String function, JsonNode input) {
            if (!input.isTextual()) {
                return input.isArray() ? input : Json.object().arrayNode().add(input);
            }
            var arguments = Json.object().arrayNode();
            input.textValue()
                    .lines()
                    .filter(line -> !line.isBlank())
                    .forEach(line -> arguments.add(Json.parse(line, "an argument of " + function)));
            return arguments;
        }

        private boolean isRight(JsonNode result, JsonNode expected) {
            JsonNode value = expected.isTextual() && !result.isTextual()
                    ? parsed(expected.textValue()).orElse(expected)
                    : expected;
            return JsonValues.same(result, value)
                    || value.isArray() && value.size() == 1 && JsonValues.same(result, value.get(0));
        }
    }

    /** Whether the value that a test returned is right. */
    @FunctionalInterface
    private interface ResultCheck {
        boolean right(JsonNode result, int test);
    }

    private static Judged judge(Judge judge, Program program, List<ObjectNode> jobs, ResultCheck check) {
        if (!program.language().name().equals("python")) {
            throw new IllegalArgumentException(
                    "tests that are Python, or call a function, judge Python programs, and this one is "
                            + program.language().name());
        }
        String source = Json.compact(Json.object().textNode(program.source())); // JSON's text
        String quoted = Json.compact(Json.object().textNode(source)); // and as a literal that Python reads the same
        String word = UUID.randomUUID().toString();
        List<String> inputs = jobs.stream()
                .map(job -> Json.compact(job.put("word", word).put("prelude", PRELUDE)))
                .toList();
        return judge.judge(
                new Program(program.language(), String.format(Locale.ROOT, RUNNER, quoted), program.arguments()),
                inputs,
                (outcome, test) -> result(outcome, word)
                        .filter(result -> check.right(result, test))
                        .isPresent());
    }

    /** The value behind the word at the end of the output. */
    private static Optional<JsonNode> result(Outcome outcome, String word) {
        String text = outcome.stdoutText();
        int at = text.lastIndexOf("\n" + word);
        if (at < 0) {
            return Optional.empty();
        }
        return parsed(text.substring(at + 1 + word.length()).lines().findFirst().orElse(""));
    }

    private static Optional<JsonNode> parsed(String text) {
        try {
            return Optional.of(Json.parse(text, "a result"));
        } catch (RuntimeException notJson) {
            return Optional.empty();
        }
    }
}
