// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.puzzle;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import java.util.function.ToDoubleFunction;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Difficulty rises: for each puzzle something that can be measured in its questions does, on average, with every step. */
class DifficultyTest {
    private static final ToDoubleFunction<Question> TEXT =
            question -> question.text().length();
    private static final ToDoubleFunction<Question> ANSWER =
            question -> question.answer().length();
    private static final ToDoubleFunction<Question> STEPS =
            question -> Words.of(question.answer()).size();
    private static final ToDoubleFunction<Question> DIGITS =
            question -> question.text().chars().filter(Character::isDigit).count();

    private static final Map<String, ToDoubleFunction<Question>> MEASURES = Map.ofEntries(
            Map.entry("arithmetic", question -> question.text().split(" [-+*] ").length),
            Map.entry("fractions", question -> question.text().split("/").length),
            Map.entry("gcd", question -> number(question, 0)),
            Map.entry("factoring", question -> number(question, 0)),
            Map.entry("modular-power", question -> number(question, 2)),
            Map.entry("recurrence", question -> number(question, 4)),
            Map.entry("subset-sum", DIGITS),
            Map.entry("linear-equation", question -> Math.abs(Integer.parseInt(question.answer()))),
            Map.entry("linear-system", STEPS),
            Map.entry("polynomial-product", STEPS),
            Map.entry("bases", ANSWER),
            Map.entry("calendar", question -> number(question, 0)),
            Map.entry("letter-count", TEXT),
            Map.entry("islands", TEXT),
            Map.entry("cryptarithm", ANSWER),
            Map.entry("queens", STEPS),
            Map.entry(
                    "sudoku",
                    question -> question.text().chars().filter(c -> c == '.').count()),
            Map.entry("hanoi", STEPS),
            Map.entry("jugs", STEPS),
            Map.entry("nim", question -> Asked.integers(question.text()).size()),
            Map.entry("shortest-path", TEXT),
            Map.entry("graph-coloring", STEPS),
            Map.entry("topological-order", STEPS),
            Map.entry("maze", ANSWER),
            Map.entry("knights", question -> question.text().split("says").length),
            Map.entry("satisfiability", STEPS),
            Map.entry("model-count", TEXT),
            Map.entry("seating", STEPS),
            Map.entry("matrix-product", STEPS),
            Map.entry("sorting", STEPS),
            Map.entry("word-sorting", STEPS),
            Map.entry("caesar", STEPS),
            Map.entry("reversal", STEPS),
            Map.entry("palindrome", ANSWER));

    private static double number(Question question, int index) {
        return Math.abs(Asked.integers(question.text()).get(index));
    }

    static List<Puzzle> puzzles() {
        return Puzzles.all();
    }

    @ParameterizedTest
    @MethodSource("puzzles")
    void rises(Puzzle puzzle) {
        ToDoubleFunction<Question> measure = MEASURES.get(puzzle.name());
        assertThat(measure).as("a measure for %s", puzzle.name()).isNotNull();
        Levels levels = puzzle.about().levels();
        double before = 0;
        for (int level = levels.lowest(); level <= levels.highest(); level++) {
            double mean = AllPuzzlesTest.questions(puzzle, level, 100).stream()
                    .mapToDouble(measure)
                    .average()
                    .orElseThrow();
            assertThat(mean).as("%s at difficulty %d", puzzle.name(), level).isGreaterThan(before);
            before = mean;
        }
    }
}
