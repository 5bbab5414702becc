// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.recipe.trace;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.jacobian.rl.arithmetic.ExpressionParser;
import dev.jacobian.rl.arithmetic.Rational;
import dev.jacobian.rl.reward.Columns;
import dev.jacobian.rl.reward.Completion;
import dev.jacobian.rl.reward.CountdownReward;
import dev.jacobian.rl.reward.LanguageReward;
import dev.jacobian.rl.sft.SftExample;
import dev.jacobian.rl.task.Countdown;
import dev.jacobian.rl.task.Problem;
import dev.jacobian.transformer.generation.FinishReason;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.LongStream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** Traces are exact, seeded, and have of each habit as much as was asked for. */
class CountdownTracesTest {
    private static final Countdown TASK = Countdown.small();
    private static final Columns NONE = TASK.trainProblem(0, 0).columns();
    private static final int TRACES = 300;
    private static final Pattern EQUATION = Pattern.compile("([0-9][-+*/0-9()]*)=([0-9]+)");

    private static List<String> traces(TraceStyle style) {
        CountdownTraces traces = new CountdownTraces(style);
        return LongStream.range(0, TRACES)
                .mapToObj(i -> traces.example(5, i).completion())
                .toList();
    }

    private static double share(List<String> traces, String text) {
        return traces.stream().filter(trace -> trace.contains(text)).count() / (double) traces.size();
    }

    @Test
    @DisplayName("every calculation of a trace is right, and so is its answer where the search finds one")
    void exact() {
        CountdownTraces traces = new CountdownTraces(TraceStyle.DEFAULT.verbosity(2));
        int right = 0;
        for (long i = 0; i < TRACES; i++) {
            Problem problem = TASK.trainProblem(5, i);
            String text = traces.completion(problem, 5, i);
            Matcher equation = EQUATION.matcher(text);
            int found = 0;
            while (equation.find()) {
                assertThat(ExpressionParser.parse(equation.group(1)).value())
                        .as(text)
                        .isEqualTo(Rational.of(Long.parseLong(equation.group(2))));
                found++;
            }
            assertThat(found).as(text).isPositive();
            double score = new CountdownReward()
                    .scoreText(
                            text,
                            problem.columns().integers("nums"),
                            problem.columns().integer("target"));
            right += score == 1 ? 1 : 0;
            assertThat(text.contains(" yes")).as(text).isEqualTo(score == 1);
        }
        assertThat(right).isGreaterThan(TRACES * 9 / 10); // results above 99 are not searched
    }

    @Test
    @DisplayName("a trace is a function of seed and place")
    void seeded() {
        CountdownTraces traces = new CountdownTraces(TraceStyle.DEFAULT);
        SftExample first = traces.example(1, 7);
        assertThat(new CountdownTraces(TraceStyle.DEFAULT).example(1, 7)).isEqualTo(first);
        assertThat(traces.example(1, 8)).isNotEqualTo(first);
        assertThat(traces.example(2, 7)).isNotEqualTo(first);
    }

    @Test
    @DisplayName(
            "planning, evaluation, reflection and exploration come as often as was asked, and not where they were not")
    void habits() {
        List<String> full = traces(new TraceStyle(1, 1, 1, 1, 1, 0, 0));
        for (String word : List.of("plan ", " yes", "now ", "wait check ")) {
            assertThat(share(full, word)).as(word).isGreaterThan(0.9);
        }
        assertThat(share(traces(new TraceStyle(0.3, 0, 0, 0, 0, 0, 0)), "plan "))
                .isBetween(0.2, 0.4);
        for (String word : List.of("plan", "yes", "no", "wait")) {
            assertThat(share(traces(TraceStyle.SHORT), word)).as(word).isZero();
        }
        assertThat(share(traces(TraceStyle.SHORT.giveUp(1)), "\n")).isEqualTo(1);
        assertThat(traces(TraceStyle.SHORT.giveUp(1)))
                .allSatisfy(trace -> assertThat(trace.lines().count()).isEqualTo(4));
    }

    @Test
    @DisplayName("more verbosity is longer and says nothing new")
    void verbosity() {
        double[] length = new double[4];
        for (int checks = 0; checks < length.length; checks++) {
            List<String> traces = traces(TraceStyle.DEFAULT.verbosity(checks));
            length[checks] = traces.stream().mapToInt(String::length).average().orElseThrow();
            assertThat(traces.stream()
                            .map(trace -> CountdownReward.lastAnswer(trace).orElseThrow())
                            .toList())
                    .isEqualTo(traces(TraceStyle.DEFAULT).stream()
                            .map(trace -> CountdownReward.lastAnswer(trace).orElseThrow())
                            .toList());
        }
        assertThat(length).isSorted();
        assertThat(length[3]).isGreaterThan(length[0] + 50);
    }

    @Test
    @DisplayName("the share of Chinese traces is what the reward for one language sees")
    void languages() {
        double consistency = traces(TraceStyle.DEFAULT.chinese(0.4)).stream()
                .mapToDouble(trace -> LanguageReward.DEFAULT
                        .score(new Completion("id", "", NONE, trace, new int[0], FinishReason.STOP))
                        .orNaN())
                .average()
                .orElseThrow();
        assertThat(consistency).isBetween(0.5, 0.7);
    }

    @Test
    @DisplayName("settings that are no probability, and puzzles that cannot be searched by hand, are refused")
    void refused() {
        assertThatThrownBy(() -> TraceStyle.DEFAULT.giveUp(1.5)).hasMessageContaining("give_up must lie in [0, 1]");
        assertThatThrownBy(() -> TraceStyle.DEFAULT.verbosity(17)).hasMessageContaining("verbosity");
        assertThatThrownBy(() -> new CountdownTraces(Countdown.standard(), TraceStyle.SHORT))
                .hasMessageContaining("three numbers");
    }
}
