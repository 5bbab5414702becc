// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.math;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jacobian.testing.TestPaths;
import java.io.IOException;
import java.nio.file.Files;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class MathAnswersTest {

    /** Category, reference, answer, same or different: one line each, read as it stands. */
    @Test
    void bareAnswers() throws IOException {
        List<String> rows = Files.readAllLines(TestPaths.testdata("rewards/math_equal.tsv"));
        assertThat(rows).hasSizeGreaterThan(1000);
        assertThat(rows.stream().filter(row -> !isAsItSays(row.split("\t"))).toList())
                .isEmpty();
    }

    private static boolean isAsItSays(String[] row) {
        return MathAnswers.equal(row[1], row[2]) == row[3].equals("same");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "So $x=3$ fails. The answer is $\\frac{1}{2}$, since $x<1$.|\\frac{1}{2}",
                "<think>\\boxed{3}</think>It is \\boxed{4}.|4",
                "<think>It must be \\boxed{3}, or|",
                "<answer> 12 </answer>|12",
                "\\boxed{5} was a draft. The final answer is 6.|6",
                "The answer is not 7 but 8.|8",
                "He paid $5 and then $7, so the total is $12.|$12",
                "The roots are \\boxed{2} and \\boxed{3}.|2 , 3",
                "#### 42|42",
                "答案是 65。|65",
                "|"
            })
    void findsTheFinalAnswer(String completion, String answer) {
        assertThat(MathAnswers.extract(completion == null ? "" : completion).map(text -> text.replaceAll("[.]$", "")))
                .isEqualTo(java.util.Optional.ofNullable(answer));
    }

    /** Who names a value to deny it has not answered with it. */
    @Test
    void aDeniedValueIsNoAnswer() {
        for (String denied : List.of(
                "The answer is not 7.",
                "It isn't 7.",
                "The answer cannot be 7.",
                "7 is wrong",
                "So 7 is incorrect.",
                "I don't think it's 7",
                "**Answer:** not 7",
                "The final answer is not \\boxed{7}",
                "It is not $7$.")) {
            assertThat(MathAnswers.judge("7", denied).isRight()).as(denied).isFalse();
        }
        for (String meant : List.of(
                "The answer is not 6 but 7.",
                "We get 7. It is not 8.",
                "The answer is 7, which cannot be simplified.",
                "Not 6, rather 7",
                "There is no doubt: it is \\boxed{7}")) {
            assertThat(MathAnswers.judge("7", meant).isRight()).as(meant).isTrue();
        }
    }

    @Test
    void nothingLargeIsComputed() {
        for (String large : List.of(
                "10^{10^{10}}",
                "1000000!",
                "\\binom{10^9}{5\\cdot 10^8}",
                "(1+x)^{100000}",
                "9^{9^{9^{9}}}",
                "(a+b+c+d+e+f)^{60}")) {
            assertThat(MathAnswers.equal("5", large)).as(large).isFalse();
            assertThat(MathAnswers.equal(large, large)).as(large).isTrue();
        }
    }
}
