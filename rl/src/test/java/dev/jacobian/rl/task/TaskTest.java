// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.task;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import dev.jacobian.io.FormatException;
import dev.jacobian.io.Jsonl;
import dev.jacobian.rl.arithmetic.CountdownSolver;
import dev.jacobian.rl.arithmetic.Expression;
import dev.jacobian.rl.arithmetic.ExpressionParser;
import dev.jacobian.rl.arithmetic.Rational;
import dev.jacobian.rl.reward.Score;
import dev.jacobian.rl.reward.WeightedRewards;
import dev.jacobian.testing.TestPaths;
import dev.jacobian.transformer.generation.FinishReason;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class TaskTest {

    static Stream<Task> generated() {
        return Stream.of(Countdown.small(), Countdown.standard(), new Addition());
    }

    @ParameterizedTest
    @MethodSource("generated")
    void trainingIsAFunctionOfSeedAndIndex(Task task) {
        List<Problem> problems = task.trainProblems(7, 0, 50);
        assertThat(task.trainProblems(7, 20, 10)).isEqualTo(problems.subList(20, 30));
        assertThat(task.trainProblem(7, 49)).isEqualTo(problems.get(49));
        assertThat(task.trainProblems(8, 0, 50)).isNotEqualTo(problems);
        assertThat(new HashSet<>(problems)).hasSizeGreaterThan(40);
    }

    @ParameterizedTest
    @MethodSource("generated")
    void evaluationIsHeldOutOfTraining(Task task) {
        List<Problem> eval = task.evalProblems(100);
        assertThat(eval).doesNotHaveDuplicates().hasSize(100);
        assertThat(task.evalProblems(30)).isEqualTo(eval.subList(0, 30));
        Set<String> ids = eval.stream().map(Problem::id).collect(Collectors.toSet());
        assertThat(ids).hasSize(100).allMatch(HeldOut::contains);
        assertThat(task.trainProblems(1, 0, 1000)).noneMatch(problem -> HeldOut.contains(problem.id()));
    }

    @ParameterizedTest
    @MethodSource("generated")
    void theReferenceAnswerEarnsTheFullReward(Task task) {
        for (Problem problem : task.trainProblems(3, 0, 100)) {
            String answer = problem.columns().string("answer");
            String text = task instanceof Countdown ? "<answer>" + answer + "</answer>" : answer;
            Score score = task.rewards()
                    .score(problem.completion(text, new int[0], FinishReason.STOP))
                    .total();
            assertThat(score).as(problem.toString()).isEqualTo(Score.of(1));
            assertThat(score.orNaN()).isGreaterThanOrEqualTo(task.solvedThreshold());
        }
    }

    @Test
    void countdownKeepsToItsRanges() {
        Countdown task = new Countdown(2, 5, 3, 12, 10, 40, false, "{target} from {numbers}:");
        Set<Integer> sizes = new HashSet<>();
        for (Problem problem : task.trainProblems(0, 0, 200)) {
            List<Long> numbers = problem.columns().integers("nums");
            long target = problem.columns().integer("target");
            sizes.add(numbers.size());
            assertThat(numbers).allMatch(number -> number >= 3 && number <= 12);
            assertThat(target).isBetween(10L, 40L);
            assertThat(problem.prompt())
                    .isEqualTo(target + " from "
                            + numbers.stream().map(String::valueOf).collect(Collectors.joining(" ")) + ":");
        }
        assertThat(sizes).containsExactlyInAnyOrder(2, 3, 4, 5);
    }

    @Test
    void countdownIdsIgnoreTheOrderOfNumbers() {
        Countdown task = Countdown.small();
        assertThat(task.problem(List.of(7, 3, 5), 16).id())
                .isEqualTo(task.problem(List.of(5, 7, 3), 16).id())
                .isEqualTo("3,5,7->16");
        assertThat(task.problem(List.of(1, 1, 1), 50).columns().has("answer")).isFalse();
    }

    @Test
    void countdownRefusesImpossibleSettings() {
        assertThatThrownBy(() -> new Countdown(1, 3, 1, 9, 1, 9, true, Countdown.SHORT_TEMPLATE))
                .hasMessageContaining("how many numbers");
        assertThatThrownBy(() -> new Countdown(3, 7, 1, 9, 1, 9, true, Countdown.SHORT_TEMPLATE))
                .hasMessageContaining("how many numbers");
        assertThatThrownBy(() -> new Countdown(3, 3, 0, 9, 1, 9, true, Countdown.SHORT_TEMPLATE))
                .hasMessageContaining("numbers must be");
        assertThatThrownBy(() -> new Countdown(3, 3, 1, 9, 5, 4, true, Countdown.SHORT_TEMPLATE))
                .hasMessageContaining("targets must be");
        assertThatThrownBy(() -> new Countdown(3, 3, 1, 9, 1, 9, true, "{numbers}"))
                .hasMessageContaining("{target}");
        Countdown unreachable = new Countdown(2, 2, 1, 2, 1000, 2000, true, Countdown.SHORT_TEMPLATE);
        assertThatThrownBy(() -> unreachable.trainProblem(0, 0)).hasMessageContaining("widen the target range");
        Countdown tiny = new Countdown(2, 2, 1, 9, 1, 18, false, Countdown.SHORT_TEMPLATE);
        assertThatThrownBy(() -> tiny.evalProblems(10_000)).hasMessageContaining("evaluation problems");
    }

    @Test
    void solverSolvesWhatIsSolvable() {
        List<JsonNode> instances = Jsonl.read(TestPaths.testdata("rl/countdown-solvable.jsonl"));
        assertThat(instances).hasSize(400);
        for (JsonNode instance : instances) {
            List<Integer> numbers = new ArrayList<>();
            instance.get("nums").forEach(number -> numbers.add(number.intValue()));
            long target = instance.get("target").longValue();
            Expression solution =
                    new CountdownSolver(true).solve(numbers, target).orElseThrow();
            assertThat(solution.value()).isEqualTo(Rational.of(target));
            assertThat(solution.numbers().stream().sorted().toList())
                    .isEqualTo(numbers.stream().map(Integer::longValue).sorted().toList());
            assertThat(ExpressionParser.parse(solution.toString())).isEqualTo(solution);
        }
    }

    @Test
    void solverKnowsWhatIsNot() {
        assertThat(new CountdownSolver(true).solve(List.of(1, 1, 1), 7)).isEmpty();
        // The classic that needs a fraction.
        assertThat(new CountdownSolver(true).solve(List.of(3, 3, 8, 8), 24).orElseThrow())
                .hasToString("8 / (3 - 8 / 3)");
        assertThat(new CountdownSolver(false).solve(List.of(3, 3, 8, 8), 24)).isEmpty();
        assertThatThrownBy(() -> new CountdownSolver(true).solve(List.of(), 1)).hasMessageContaining("1 to 6");
        assertThatThrownBy(() -> new CountdownSolver(true).solve(List.of(0, 1), 1))
                .hasMessageContaining("positive");
        assertThatThrownBy(() -> new CountdownSolver(true).solve(List.of(1 << 20, 1 << 20, 1 << 20), 1))
                .hasMessageContaining("too large");
    }

    @Test
    void solverPrefersTheSimplestAndIgnoresOrder() {
        CountdownSolver solver = new CountdownSolver(true);
        assertThat(solver.solve(List.of(2, 3, 5), 10).orElseThrow()).hasToString("5 + 3 + 2");
        assertThat(solver.solve(List.of(5, 2, 3), 10)).isEqualTo(solver.solve(List.of(2, 3, 5), 10));
        assertThat(solver.solve(List.of(9, 4, 4), 9).orElseThrow().toString()).doesNotContain("/");
    }

    @Test
    void solverReachesWhatBruteForceReaches() {
        // All orders, operators and both shapes of three operands, negative steps included.
        int[] numbers = {2, 5, 9};
        Set<Long> expected = new HashSet<>();
        for (int a = 0; a < 3; a++) {
            for (int b = 0; b < 3; b++) {
                if (a == b) {
                    continue;
                }
                for (char first : "+-*/".toCharArray()) {
                    for (char second : "+-*/".toCharArray()) {
                        String c = " " + second + numbers[3 - a - b];
                        for (String text : new String[] {
                            "(" + numbers[a] + first + numbers[b] + ")" + c,
                            numbers[3 - a - b] + " " + second + "(" + numbers[a] + first + numbers[b] + ")",
                        }) {
                            Rational value = ExpressionParser.parse(text).value();
                            if (value.isInteger() && value.signum() >= 0) {
                                expected.add(value.numerator());
                            }
                        }
                    }
                }
            }
        }
        Map<Long, Expression> reachable = new CountdownSolver(true).reachable(List.of(2, 5, 9));
        assertThat(reachable.keySet()).containsExactlyInAnyOrderElementsOf(expected);
        reachable.forEach((value, expression) -> assertThat(expression.value()).isEqualTo(Rational.of(value)));
    }

    @Test
    void addition() {
        Problem problem = new Addition().trainProblem(0, 0);
        assertThat(problem.prompt()).matches("\\d{1,2}\\+\\d{1,2}=").isEqualTo(problem.id() + "=");
        assertThat(new Addition()
                        .rewards()
                        .score(problem.completion(
                                problem.columns().string("answer") + " ", new int[0], FinishReason.STOP))
                        .total())
                .isEqualTo(Score.of(0));
        assertThatThrownBy(() -> new Addition(9).evalProblems(50)).hasMessageContaining("asked for 50");
    }

    @Test
    void heldOutIsAboutOneInTen() {
        long held = IntStream.range(0, 10_000)
                .filter(i -> HeldOut.contains("problem " + i))
                .count();
        assertThat(held).isBetween(900L, 1100L);
    }

    @Test
    void jsonLines(@TempDir Path folder) throws IOException {
        Path file = folder.resolve("sums.jsonl");
        Files.writeString(
                file,
                IntStream.range(0, 100)
                        .mapToObj(i -> "{\"prompt\": \"" + i + "+1=\", \"answer\": " + (i + 1)
                                + ", \"tags\": [\"a\", 2.5, true, {\"k\": null}], \"note\": null}\n")
                        .collect(Collectors.joining()));
        JsonlTask task = JsonlTask.of(file);
        assertThat(task.name()).isEqualTo("sums");
        assertThat(task.trainSize() + task.evalSize()).isEqualTo(100);
        assertThat(task.evalSize()).isBetween(3, 20);
        int epoch = task.trainSize();
        Set<String> first = prompts(task.trainProblems(5, 0, epoch));
        assertThat(first).hasSize(epoch);
        assertThat(prompts(task.trainProblems(5, epoch, epoch))).isEqualTo(first);
        assertThat(task.trainProblems(5, epoch, epoch)).isNotEqualTo(task.trainProblems(5, 0, epoch));
        assertThat(task.trainProblem(5, 3))
                .isEqualTo(task.trainProblems(5, 0, epoch).get(3));
        assertThat(prompts(task.evalProblems(task.evalSize()))).doesNotContainAnyElementsOf(first);
        assertThatThrownBy(() -> task.evalProblems(100)).hasMessageContaining("asked for 100");

        Problem problem = task.trainProblem(0, 0);
        assertThat(problem.columns().values().keySet()).containsExactly("answer", "tags");
        String right = "<answer>" + problem.columns().integer("answer") + "</answer>";
        assertThat(task.rewards()
                        .score(problem.completion(right, new int[0], FinishReason.STOP))
                        .total())
                .isEqualTo(Score.of(1));
    }

    @Test
    void anEvaluationFileTakesItsPromptsOutOfTraining(@TempDir Path folder) throws IOException {
        Path train = folder.resolve("train.jsonl");
        Path eval = folder.resolve("eval.jsonl");
        Files.writeString(train, "{\"prompt\": \"a\"}\n{\"prompt\": \"b\", \"id\": \"second\"}\n");
        Files.writeString(eval, "{\"prompt\": \"a\"}\n");
        WeightedRewards rewards = WeightedRewards.of(completion -> Score.skip());
        JsonlTask task = JsonlTask.of(train, eval, rewards);
        assertThat(task.trainSize()).isEqualTo(1);
        assertThat(task.trainProblem(0, 17).id()).isEqualTo("second");
        assertThat(task.evalProblems(1).getFirst().id()).isEqualTo("eval#1");
        assertThatThrownBy(() -> JsonlTask.of(eval, eval, rewards)).hasMessageContaining("every prompt is held out");
    }

    @Test
    void badRows(@TempDir Path folder) throws IOException {
        Path file = folder.resolve("bad.jsonl");
        Files.writeString(file, "{\"prompt\": \"a\"}\n{\"question\": \"b\"}\n");
        assertThatThrownBy(() -> JsonlTask.of(file))
                .isInstanceOf(FormatException.class)
                .hasMessageContaining("bad.jsonl, row 2")
                .hasMessageContaining("'prompt'");
        Files.writeString(file, "");
        assertThatThrownBy(() -> JsonlTask.of(file)).hasMessageContaining("the file is empty");
        Files.writeString(file, "{\"prompt\": \"a\", \"answer\": 1}\n\n{\"prompt\": \"b\"}\n");
        assertThatThrownBy(() -> JsonlTask.of(file))
                .isInstanceOf(FormatException.class)
                .hasMessageContaining("bad.jsonl, row 2 (line 3)")
                .hasMessageContaining("no column 'answer'");
        Files.writeString(file, "{\"prompt\": \"a\", \"answer\": 1e999}\n");
        assertThatThrownBy(() -> JsonlTask.of(file)).hasMessageContaining("row 1, 'answer'");
    }

    @Test
    void badRowsCanBeLeftOutAndAreCounted(@TempDir Path folder) throws IOException {
        Path file = folder.resolve("bad.jsonl");
        Files.writeString(
                file,
                IntStream.range(0, 40)
                        .mapToObj(i -> i == 3
                                ? "{\"prompt\": \"no answer\"}\n"
                                : i == 7 ? "{\"prompt\"\n" : "{\"prompt\": \"" + i + "\", \"answer\": \"" + i + "\"}\n")
                        .collect(Collectors.joining()));
        assertThatThrownBy(() -> JsonlTask.of(file)).hasMessageContaining("line 8");
        JsonlTask task = JsonlTask.of(file, true);
        assertThat(task.allProblems()).hasSize(38);
        assertThat(task.skipped()).hasSize(2);
        assertThat(task.skipped())
                .anyMatch(what -> what.contains("bad.jsonl, row 4: the problem has no column 'answer'"));
        assertThat(task.skipped()).anyMatch(what -> what.contains("bad.jsonl, line 8"));
        JsonlTask fewer =
                task.without(problem -> problem.prompt().equals("9") ? Optional.of("is nine") : Optional.empty());
        assertThat(fewer.allProblems())
                .hasSize(37)
                .noneMatch(problem -> problem.prompt().equals("9"));
        assertThat(fewer.skipped().getLast()).contains("bad.jsonl, row 10").contains("is nine");
        assertThatThrownBy(() -> task.without(problem -> Optional.of("no"))).hasMessageContaining("all 40 rows");
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 5, 30})
    void aSmallFileHasSomethingToTrainOnAndToMeasure(int rows, @TempDir Path folder) throws IOException {
        Path file = folder.resolve("few.jsonl");
        for (int variant = 0; variant < 20; variant++) {
            int from = 1000 * variant;
            Files.writeString(
                    file,
                    IntStream.range(from, from + rows)
                            .mapToObj(i -> "{\"prompt\": \"p" + i + "\", \"answer\": 1}\n")
                            .collect(Collectors.joining()));
            JsonlTask task = JsonlTask.of(file);
            assertThat(task.evalProblems(task.evalSize())).isNotEmpty();
            assertThat(task.trainSize()).isPositive();
            if (rows > 1) {
                assertThat(task.trainSize() + task.evalSize()).isEqualTo(rows);
            }
            assertThat(task.allProblems()).hasSize(rows);
            JsonlTask all = task.evaluatingOnAll();
            assertThat(all.evalSize()).isEqualTo(rows);
            assertThat(all.evalProblems(task.evalSize())).isEqualTo(task.evalProblems(task.evalSize()));
        }
    }

    @Test
    void numbersKeepTheirValueAndVotesSeeTheAnswer(@TempDir Path folder) throws IOException {
        Path file = folder.resolve("numbers.jsonl");
        Files.writeString(
                file, "{\"prompt\": \"a\", \"answer\": 12345678901234567890}\n{\"prompt\": \"b\", \"answer\": 5e-4}\n");
        JsonlTask task = JsonlTask.of(file);
        assertThat(task.allProblems().stream().map(problem -> problem.columns().string("answer")))
                .containsExactlyInAnyOrder("12345678901234567890", "0.0005");
        assertThat(task.answer("so <answer>5</answer>.")).hasValue("5");
        assertThat(task.answer("so 5.")).isEmpty();
    }

    @Test
    void aProblemKnowsWhereItComesFrom(@TempDir Path folder) throws IOException {
        Path file = folder.resolve("where.jsonl");
        Files.writeString(file, "{\"prompt\": \"a\", \"answer\": 1}\n{\"prompt\": \"b\", \"answer\": 1}\n");
        JsonlTask task = JsonlTask.of(file);
        assertThat(task.allProblems().stream().map(task::source))
                .containsExactlyInAnyOrder(file + ", row 1", file + ", row 2");
        Task addition = new Addition();
        assertThat(addition.source(addition.trainProblem(0, 0))).contains("of task 'addition'");
        assertThat(new Addition(9).evalProblems(new Addition(9).evalSize())).hasSize(new Addition(9).evalSize());
    }

    private static Set<String> prompts(List<Problem> problems) {
        return problems.stream().map(Problem::prompt).collect(Collectors.toSet());
    }
}
