// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.reasoninggym;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.jacobian.rl.reward.ExactMatchReward.Answer;
import dev.jacobian.rl.task.Problem;
import dev.jacobian.testing.TestPaths;
import dev.jacobian.transformer.generation.FinishReason;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/** The scores that reasoning-gym's own functions gave to right, odd and wrong answers. */
class ReasoningGymGoldenTest {
    /** Answers that reasoning-gym takes for right and that are not: other numbers than the given or the sorted ones. */
    private static final Set<String> LENIENT = Set.of("puzzle24", "number_sorting", "decimal_arithmetic");

    @TestFactory
    Stream<DynamicTest> scores() throws IOException {
        Path folder = TestPaths.shared("golden", "rewards", "reasoning_gym");
        List<Path> files;
        try (Stream<Path> entries = Files.list(folder)) {
            files = entries.filter(file -> file.toString().endsWith(".jsonl"))
                    .sorted()
                    .toList();
        }
        assertThat(files).hasSize(30);
        return files.stream()
                .map(file -> DynamicTest.dynamicTest(file.getFileName().toString(), () -> compare(file)));
    }

    private static void compare(Path file) {
        ReasoningGymReward original = new ReasoningGymReward(GymScoring.ORIGINAL, Answer.TAG, "");
        List<Problem> problems = ReasoningGym.task(file, original, false).allProblems();
        assertThat(problems).hasSize(30);
        int tries = 0;
        for (Problem problem : problems) {
            for (Object one : (List<?>) problem.columns().values().get("scores")) {
                Map<?, ?> scored = (Map<?, ?>) one;
                String kind = String.valueOf(scored.get("kind"));
                String answer = String.valueOf(scored.get("answer"));
                boolean none = answer.equals("null") && (kind.equals("none") || kind.equals("right"));
                // reasoning-gym's exceptions are answers that are wrong
                double expected = scored.get("score") instanceof Number number ? number.doubleValue() : 0;
                assertThat(score(original, problem, none ? "no tag" : answer, none))
                        .as("%s %s: %s", problem.id(), kind, answer)
                        .isCloseTo(expected, within(1e-14 * Math.max(expected, 1e-300)));
                strict(
                        problem,
                        file.getFileName().toString().replace(".jsonl", ""),
                        kind,
                        none ? "" : answer,
                        expected);
                tries++;
            }
        }
        assertThat(tries).isGreaterThan(50);
    }

    /** Right is what earns 1 there and is right: the stored answer always, a wrong one never. */
    private static void strict(Problem problem, String task, String kind, String answer, double expected) {
        ReasoningGymReward right = new ReasoningGymReward(GymScoring.RIGHT, Answer.WHOLE, "");
        double score = score(right, problem, answer, true);
        String what = problem.id() + " " + kind + ": " + answer;
        if (kind.equals("right") && !task.equals("propositional_logic")) {
            assertThat(score).as(what).isEqualTo(1);
        }
        if (List.of("none", "empty", "garbage", "sentence", "boxed", "one_number_off")
                        .contains(kind)
                && !task.equals("knights_knaves")
                && !(task.equals("polynomial_equations") && expected > 0.99)) {
            assertThat(score).as(what).isEqualTo(0);
        }
        if (expected == 1 && !LENIENT.contains(task) && !task.equals("polynomial_equations")) {
            assertThat(score).as(what).isEqualTo(1);
        }
        assertThat(score).isIn(0.0, 1.0);
    }

    private static double score(ReasoningGymReward reward, Problem problem, String answer, boolean plain) {
        // blanks at its ends are part of an answer here, which a tag takes away
        ReasoningGymReward whole = plain ? reward : new ReasoningGymReward(reward.scoring(), Answer.WHOLE, "");
        return whole.score(problem.completion(answer, new int[0], FinishReason.STOP))
                .orNaN();
    }
}
