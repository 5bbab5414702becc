// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.math;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jacobian.rl.math.expression.Work;
import dev.jacobian.testing.TestPaths;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What an answer may cost, in steps, and that a verdict depends on nothing else. */
class MathBoundsTest {

    @ParameterizedTest
    @ValueSource(
            strings = {
                "9^9^9^9",
                "10^{10^{10}}",
                "10^{10^{10}}-10^{10^{10}}+5",
                "2^{2^{2^{2^{2^{2}}}}}",
                "(10^9)!",
                "((((9!)!)!)!)!",
                "100000!/99999!",
                "\\binom{10^{100}}{10^{99}}",
                "\\sqrt[1000000]{2^{1000000}}",
                "0.000000001^{-999999999}",
                "(1+\\frac{1}{10^{9}})^{10^{9}}",
                "\\sum_{i=1}^{1000}\\sum_{j=1}^{1000}\\sum_{k=1}^{1000} ijk",
                "\\prod_{i=1}^{1000}\\prod_{j=1}^{1000} (i+j)",
                "\\sum_{k=1}^{1000} k^{1000}",
                "(a+b+c+d+e+f)^{60}(a-b)^{60}",
                "\\frac{1}{x+\\frac{1}{x+\\frac{1}{x+\\frac{1}{x+\\frac{1}{x+\\frac{1}{x+1}}}}}}",
                "(x+1)^{255}(x-1)^{255}(y+1)^{255}",
                "\\sin(10^{1000})",
                "e^{e^{e^{e^{e}}}}",
                "\\ln(\\ln(\\ln(10^{10^{10}})))",
                "\\gcd(2^{30000}-1,3^{20000}-1)",
                "\\det\\begin{pmatrix}a&b&c&d&e\\\\f&g&h&k&l\\\\m&n&o&p&q\\\\r&s&t&u&v\\\\w&x&y&z&1\\end{pmatrix}",
                "\\begin{pmatrix}2&1\\\\1&1\\end{pmatrix}^{1000000}",
                "1000000000000000000000000000057\\cdot 1000000000000000000000000000099",
                "\\sqrt{1000000000000000000000000000057000000000000000000000000005643}",
                "1,2,\\ldots,1000000000",
                "\\{1,2,\\ldots,1000\\}",
                "\\lfloor 10^{10^{5}}\\pi\\rfloor",
                "7\\pmod{10^{10^{10}}}",
                "(10^{10^{10}}, 5)",
                "[10^{10^{10}}, 9^{9^{9^9}})",
                "x>10^{10^{10}}",
                "5\\text{ m}^{999999}",
                "zillion\u0301\u202E\uD835 5",
                "}}}}{{{{5",
                "\\frac{\\frac{\\frac{5",
                "\\begin{cases}5"
            })
    void nothingIsTooMuch(String answer) {
        Work work = new Work();
        MathVerdict verdict = MathAnswers.judge("6", "\\boxed{" + answer + "}", work);
        assertThat(verdict.isRight()).isFalse();
        assertThat(work.left()).isGreaterThanOrEqualTo(0);
        assertThat(MathAnswers.judge(answer, answer).outcome()).isNotNull();
    }

    @Test
    @DisplayName("an honest answer takes a small part of the steps that are allowed")
    void honestAnswersAreCheap() {
        List<MathPair> pairs = MathPair.read(TestPaths.testdata("rewards/math_pairs.jsonl")).stream()
                .filter(pair -> !pair.category().equals("adversarial"))
                .toList();
        long[] steps = pairs.stream()
                .map(MathBoundsTest::steps)
                .sorted(Comparator.naturalOrder())
                .mapToLong(Long::longValue)
                .toArray();
        assertThat(steps[steps.length / 2]).as("median").isLessThan(5_000);
        assertThat(steps[(int) (steps.length * 0.999)]).as("99.9 of 100").isLessThan(Work.LIMIT / 2);
        assertThat(LongStream.of(steps).average().orElseThrow()).as("mean").isLessThan(30_000);
    }

    @Test
    @DisplayName("verdict and steps are the same on any thread, in any order")
    void threadsChangeNothing() {
        List<MathPair> pairs = MathPair.read(TestPaths.testdata("rewards/math_pairs.jsonl"));
        List<MathPair> some = IntStream.range(0, pairs.size())
                .filter(k -> k % 7 == 0)
                .mapToObj(pairs::get)
                .toList();
        List<String> alone = some.stream().map(MathBoundsTest::trace).toList();
        List<String> together =
                some.reversed().parallelStream().map(MathBoundsTest::trace).toList();
        assertThat(together.reversed()).isEqualTo(alone);
    }

    private static long steps(MathPair pair) {
        Work work = new Work();
        MathAnswers.judge(pair.gold(), pair.answer(), work);
        return Work.LIMIT - work.left();
    }

    private static String trace(MathPair pair) {
        Work work = new Work();
        return MathAnswers.judge(pair.gold(), pair.answer(), work) + " " + work.left();
    }
}
