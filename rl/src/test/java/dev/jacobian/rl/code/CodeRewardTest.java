// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.code;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.jacobian.rl.config.ConfigTree;
import dev.jacobian.rl.reward.Columns;
import dev.jacobian.rl.reward.Completion;
import dev.jacobian.rl.reward.Explanation;
import dev.jacobian.rl.reward.Score;
import dev.jacobian.rl.sandbox.Language;
import dev.jacobian.rl.sandbox.Sandboxes;
import dev.jacobian.transformer.generation.FinishReason;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

class CodeRewardTest {
    private static final Map<String, Object> DOUBLES =
            Map.of("inputs", List.of("1\n", "21\n", "0"), "outputs", List.of("2", "42\n", "0 \n\n"));
    private static final CodeReward ALL = CodeReward.DEFAULT;
    private static final CodeReward SHARE = new CodeReward("tests", "python", true, 5, 256, true);

    @BeforeAll
    static void needs() {
        Sandboxes.isolated().close();
        Sandboxes.needed(Language.python());
    }

    private static Explanation explain(CodeReward reward, Object tests, String text, String... more) {
        Map<String, Object> columns = new LinkedHashMap<>(Map.of("tests", tests));
        for (int i = 0; i < more.length; i += 2) {
            columns.put(more[i], more[i + 1]);
        }
        return reward.explain(new Completion("p1", "", new Columns(columns), text, new int[] {1}, FinishReason.STOP));
    }

    private static void check(Explanation explanation, double score, String verdict) {
        assertThat(explanation.score()).isEqualTo(Score.of(score));
        assertThat(explanation.verdict()).contains(verdict);
    }

    @Test
    void aProgramThatPassesAllTestsGetsOne() {
        Explanation explanation = explain(ALL, DOUBLES, "So:\n```python\nprint(2 * int(input()))\n```\nDone.");
        check(explanation, 1, "accepted");
        assertThat(explanation.extracted()).contains("print(2 * int(input()))\n");
    }

    @Test
    void aProgramThatFailsGetsNothingOrItsShare() {
        String square = "```python\nn = int(input())\nprint(n * n if n < 2 else 42)\n```"; // right on two of three
        check(explain(ALL, DOUBLES, square), 0, "wrong_answer");
        check(explain(SHARE, DOUBLES, square), 2 / 3.0, "wrong_answer");
        check(explain(SHARE, DOUBLES, "```python\nprint(1 / int(input()) * 0)\n```"), 0, "wrong_answer");
        check(explain(SHARE, DOUBLES, "I cannot."), 0, "compile_error");
        check(explain(SHARE, DOUBLES, ""), 0, "wrong_answer");
    }

    @Test
    void testsMayBeTextThatIsJsonOrAList() {
        String program = "```\nprint(2 * int(input()))\n```";
        check(explain(ALL, "{\"inputs\": [\"1\"], \"outputs\": [2]}", program), 1, "accepted");
        check(explain(ALL, List.of(Map.of("input", "4", "output", "8")), program), 1, "accepted");
        check(explain(ALL, "[{\"input\": \"4\", \"output\": \"9\"}]", program), 0, "wrong_answer");
    }

    @Test
    void assertionsAreTests() {
        List<String> tests = List.of("assert double(1) == 2", "assert double(2) == 4");
        check(explain(ALL, tests, "```python\ndef double(n): return 2 * n\n```"), 1, "accepted");
        check(explain(SHARE, tests, "```python\ndef double(n): return n + 1\n```"), 0.5, "wrong_answer");
        check(explain(SHARE, tests, "```python\ndef other(n): return n + 1\n```"), 0, "runtime_error");
        check(explain(SHARE, tests, "```python\ndef double(n) return n\n```"), 0, "compile_error");
        check(explain(SHARE, tests, "```python\ndef double(n):\n    while True: pass\n```", "x", "y"), 0, "time_limit");
    }

    @Test
    void whoEndsTheInterpreterEarlyDoesNotPass() {
        List<String> tests = List.of("assert double(1) == 2");
        check(explain(ALL, tests, "```python\nimport os\nos._exit(0)\n```"), 0, "wrong_answer");
        check(explain(ALL, tests, "```python\nimport sys\nsys.exit(0)\n```"), 0, "wrong_answer");
        check(
                explain(
                        ALL,
                        tests,
                        "```python\n"
                                + "def double(n): return 2 * n\n"
                                + "if __name__ == '__main__': print(double(int(input())))\n"
                                + "```"),
                1,
                "accepted");
    }

    @Test
    void aTextOfCodeIsOneTest() {
        String test = "def check(candidate):\n    assert candidate(3) == 6, 'three'\n";
        check(explain(ALL, test, "```python\ndef twice(n): return 2 * n\n```", "entry_point", "twice"), 1, "accepted");
        check(explain(ALL, test, "```python\ndef twice(n): return n\n```", "entry_point", "twice"), 0, "wrong_answer");
    }

    @Test
    void testsThatCanJudgeNothingAreFailuresAndNoZeros() {
        String right = "```python\ndef double(n): return 2 * n\n```";
        String good = "assert double(1) == 2";
        for (Map.Entry<Object, String> broken : Map.<Object, String>of(
                        List.of(good, "assert double(2) = 4"),
                        "test 2 cannot run, whatever the program: SyntaxError",
                        List.of("import no_such_module", good),
                        "test 1 cannot run, whatever the program: Module",
                        List.of("from solution import double"),
                        "No module named 'solution'",
                        List.of("while True: pass"),
                        "their end on an empty program: CPU_LIMIT",
                        List.of("import os; os._exit(3)"),
                        "their end on an empty program: EXITED, exit code 3",
                        List.of("assert 1\0"),
                        "null bytes",
                        "def check(candidate):\n    assert candidate(3) == 6\n",
                        "a column 'entry_point' must name")
                .entrySet()) {
            Explanation explanation = explain(ALL, broken.getKey(), right);
            assertThat(explanation.score()).isInstanceOf(Score.Failure.class);
            assertThat(explanation.score().trouble().orElseThrow())
                    .contains("the tests of problem 'p1' in column 'tests' can judge no program", broken.getValue());
        }
        for (String fails : List.of("raise ValueError(double(1))", "import sys\nsys.exit(double(1) != 2)", "{}[0]")) {
            check(explain(ALL, List.of(good, fails), "```python\ndef double(n): return n\n```"), 0, "wrong_answer");
        }
        String prints = """
            import io, sys
            old, sys.stdout = sys.stdout, io.StringIO()
            print(double(2))
            said, sys.stdout = sys.stdout.getvalue(), old
            assert said == "4\\n"
            """;
        check(explain(ALL, List.of(prints, good), right), 1, "accepted"); // on nothing it never puts the old one back
        check(explain(ALL, List.of("import math", good), right), 1, "accepted"); // one of them may pass anything
    }

    @Test
    void functionsAreCalled() {
        Map<String, Object> tests = Map.of(
                "fn_name", "pairs",
                "inputs", List.of(List.of(List.of(1, 2), 3), "[4]\n5"),
                "outputs", List.of(List.of(List.of(1, 3), List.of(2, 3)), List.of(List.of(4, 5.0))));
        String function = "def pairs(values, n):\n    print('noise')\n    return [(v, n) for v in values]\n";
        check(explain(ALL, tests, "```python\n" + function + "```"), 1, "accepted");
        String method = "class Solution:\n"
                + "    def pairs(self, values: List[int], n: int) -> List[int]:\n"
                + "        return [[v, n] for v in values]\n";
        check(explain(ALL, tests, "```python\n" + method + "```"), 1, "accepted");
        check(explain(SHARE, tests, "```python\ndef pairs(values, n): return [[4, 5]]\n```"), 0.5, "wrong_answer");
        String quotes = "def pairs(values, n):\n"
                + "    s = \"\"\"a\\n"
                + "'\u00e9\\\\\"\"\"\n"
                + "    return [[v, n] for v in values] if len(s) == 5 else s\n";
        check(explain(ALL, tests, "```python\n" + quotes + "```"), 1, "accepted");
    }

    @Test
    void theRowMayNameTheLanguage() {
        Sandboxes.needed(Language.c());
        String program =
                "```c\n#include <stdio.h>\nint main(void) { int n; scanf(\"%d\", &n); printf(\"%d\", 2 * n); }\n```";
        check(explain(ALL, DOUBLES, program, "language", "C"), 1, "accepted");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> explain(ALL, DOUBLES, program, "language", "cobol"))
                .withMessageContaining("'cobol' is not known");
    }

    @Test
    void aRowWithoutReadableTestsIsAnErrorAtTheStart() {
        for (Object tests : List.of(
                Map.of("inputs", List.of("1"), "outputs", List.of()),
                Map.of("inputs", List.of(), "outputs", List.of()),
                Map.of("inputs", List.of("1")),
                List.of(),
                List.of(Map.of("in", "1")),
                "{\"inputs\": ",
                Map.of("fn_name", "f", "inputs", List.of("[1"), "outputs", List.of(1)),
                " ",
                7)) {
            assertThatThrownBy(() -> ALL.requireUsable(Columns.of("tests", tests)))
                    .isInstanceOf(RuntimeException.class)
                    .hasMessageContaining("column 'tests'");
        }
        assertThatIllegalArgumentException()
                .isThrownBy(() -> ALL.requireUsable(Columns.of("answer", "4")))
                .withMessageContaining("no column 'tests'")
                .withMessageContaining("[answer]");
        ALL.requireUsable(Columns.of("tests", DOUBLES));
    }

    @Test
    @DisplayName("tests may lie within a column, as verl's rows have them")
    void testsWithinAColumn() {
        CodeReward reward = ConfigTree.with(CodeReward.DEFAULT, "column", "reward_model.ground_truth");
        reward.requireUsable(Columns.of("reward_model", Map.of("ground_truth", List.of("assert f(1) == 1"))));
        assertThatThrownBy(() -> reward.requireUsable(Columns.of("reward_model", Map.of("style", "rule"))))
                .hasMessageContaining("no column 'reward_model.ground_truth'");
    }
}
