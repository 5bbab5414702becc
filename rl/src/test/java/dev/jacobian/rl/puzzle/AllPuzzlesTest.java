// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.puzzle;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.jacobian.rl.reward.Columns;
import dev.jacobian.rl.reward.ExactMatchReward.Answer;
import dev.jacobian.rl.reward.Score;
import dev.jacobian.rl.task.Problem;
import dev.jacobian.tensor.Rng;
import dev.jacobian.transformer.generation.FinishReason;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What holds of every puzzle at every difficulty. */
class AllPuzzlesTest {
    static Stream<Puzzle> puzzles() {
        return Puzzles.all().stream();
    }

    static Stream<PuzzleTask> tasks() {
        return puzzles()
                .flatMap(puzzle -> IntStream.rangeClosed(
                                puzzle.about().levels().lowest(),
                                puzzle.about().levels().highest())
                        .mapToObj(level -> new PuzzleTask(puzzle, level, Answer.TAG)));
    }

    static List<Question> questions(Puzzle puzzle, int level, int count) {
        return IntStream.range(0, count)
                .mapToObj(index -> puzzle.ask(new Rng(5, index), level))
                .toList();
    }

    @ParameterizedTest
    @MethodSource("tasks")
    void theStoredAnswerIsRightAndOthersAreNot(PuzzleTask task) {
        List<Problem> problems = task.trainProblems(3, 0, 60);
        int taken = 0;
        for (int i = 0; i < problems.size(); i++) {
            Columns columns = problems.get(i).columns();
            String answer = columns.string("answer");
            String other = problems.get((i + 1) % problems.size()).columns().string("answer");
            assertThat(score(task, problems.get(i), "so <answer>" + answer + "</answer>"))
                    .isEqualTo(1);
            assertThat(score(task, problems.get(i), answer)).isEqualTo(0); // no tag
            for (String wrong : List.of(answer + " 1", "x " + answer, "", "?", "0 0")) {
                assertThat(score(task, problems.get(i), "<answer>" + wrong + "</answer>"))
                        .as("%s for %s", wrong, problems.get(i))
                        .isEqualTo(0);
            }
            taken += !other.equals(answer) && task.puzzle().solves(columns, other) ? 1 : 0;
        }
        assertThat(taken).as("answers to other questions").isLessThan(problems.size() / 5);
        assertThat(problems.stream().map(Problem::prompt)).allMatch(prompt -> prompt.endsWith("</answer>.\n"));
    }

    @ParameterizedTest
    @MethodSource("tasks")
    void problemsAreManyAndTheSetsApart(PuzzleTask task) {
        // the easiest questions are the fewest
        int count = task.difficulty() == task.puzzle().about().levels().lowest() ? 500 : 100;
        List<Problem> eval = task.evalProblems(count);
        Set<String> ids = eval.stream().map(Problem::id).collect(Collectors.toSet());
        assertThat(ids).hasSize(count);
        assertThat(task.evalProblems(20)).isEqualTo(eval.subList(0, 20));
        List<Problem> train = task.trainProblems(1, 0, 200);
        assertThat(train).noneMatch(problem -> ids.contains(problem.id()));
        assertThat(new HashSet<>(train)).hasSizeGreaterThan(190);
        assertThat(task.trainProblems(1, 70, 10)).isEqualTo(train.subList(70, 80));
        assertThat(task.trainProblems(2, 0, 10)).isNotEqualTo(train.subList(0, 10));
    }

    @ParameterizedTest
    @MethodSource("tasks")
    void hostileAnswersAreWrongAndQuick(PuzzleTask task) {
        Problem problem = task.trainProblem(1, 0);
        int most = PuzzleReward.MAX_LENGTH;
        List<String> texts = List.of(
                "9".repeat(most),
                "-9".repeat(most / 2),
                "(".repeat(most),
                "1 ".repeat(most / 2),
                "1/".repeat(most / 2),
                "A ".repeat(most / 2),
                "A B ".repeat(most / 4),
                "U".repeat(most),
                "AB ".repeat(most / 3),
                "fill A ".repeat(most / 7),
                "pour pour",
                "2 * ".repeat(most / 4),
                "=".repeat(most),
                "+=+",
                "1e999999999",
                "\u0661\u0662\u0663",
                "\uD83D\uDE00 \uD83D",
                "\0",
                "-",
                "+",
                "/",
                "NaN",
                "999999999999999999 999999999999999999",
                "9".repeat(1 << 20),
                "(".repeat(1 << 20));
        long start = System.nanoTime();
        for (String text : texts) {
            assertThat(score(task, problem, "<answer>" + text + "</answer>")).isEqualTo(0);
            if (text.length() <= most) {
                assertThat(task.puzzle().solves(problem.columns(), text)).isFalse();
            }
        }
        assertThat(System.nanoTime() - start).isLessThan(2_000_000_000L);
    }

    @ParameterizedTest
    @MethodSource("puzzles")
    void theWholeCompletionMayBeTheAnswer(Puzzle puzzle) {
        PuzzleTask task = new PuzzleTask(puzzle, puzzle.about().levels().usual(), Answer.STRIPPED);
        Problem problem = task.trainProblem(0, 0);
        String answer = problem.columns().string("answer");
        assertThat(problem.prompt()).doesNotContain("<answer>");
        assertThat(score(task, problem, " " + answer + "\n")).isEqualTo(1);
        assertThat(score(task, problem, "<answer>" + answer + "</answer>")).isEqualTo(0);
        assertThat(task.answer(" " + answer + "\n")).contains(answer);
        new PuzzleReward(puzzle, Answer.STRIPPED).requireUsable(problem.columns());
    }

    @Test
    void namesAreUnique() {
        assertThat(puzzles().map(Puzzle::name)).doesNotHaveDuplicates().hasSizeGreaterThan(20);
        assertThat(Puzzles.find("sorting")).isPresent();
        assertThat(Puzzles.find("Sorting")).isEmpty();
        assertThat(puzzles().map(puzzle -> puzzle.about().family()).distinct()).hasSize(PuzzleFamily.values().length);
    }

    @Test
    void aDifficultyThatIsNotThereIsRefused() {
        Puzzle sorting = Puzzles.find("sorting").orElseThrow();
        assertThatThrownBy(() -> new PuzzleTask(sorting, 9, Answer.TAG))
                .hasMessage("task 'sorting' has difficulties 1 to 8, got 9");
        assertThatThrownBy(() -> new PuzzleTask(sorting, 1, Answer.LAST_NUMBER)).hasMessageContaining("LAST_NUMBER");
    }

    @Test
    void columnsOfAnotherProblemAreRefused() {
        PuzzleReward reward = new PuzzleReward(Puzzles.find("arithmetic").orElseThrow(), Answer.TAG);
        assertThatThrownBy(() -> reward.requireUsable(Columns.of("answer", "twelve")))
                .isInstanceOf(IllegalArgumentException.class);
    }

    private static double score(PuzzleTask task, Problem problem, String completion) {
        Score score = new PuzzleReward(task.puzzle(), task.form())
                .score(problem.completion(completion, new int[0], FinishReason.STOP));
        return score.orNaN();
    }
}
