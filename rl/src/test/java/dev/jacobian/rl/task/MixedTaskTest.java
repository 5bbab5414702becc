// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.task;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.jacobian.rl.task.catalog.TaskMixture;
import dev.jacobian.rl.task.catalog.Tasks;
import dev.jacobian.transformer.generation.FinishReason;
import java.util.HashSet;
import java.util.List;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

class MixedTaskTest {
    private static final Task MIXTURE = TaskMixture.parse("countdown:0.7, addition@3:0.3");

    private static String of(Problem problem) {
        return problem.columns().string(MixedTask.COLUMN);
    }

    @Test
    void problemsComeInTheirSharesEachTasksOwnInOrder() {
        List<Problem> problems = MIXTURE.trainProblems(5, 0, 1000);
        List<Problem> sums = problems.stream()
                .filter(problem -> of(problem).equals("addition@3"))
                .toList();
        assertThat(sums.size() / 1000.0).isCloseTo(0.3, within(0.05));
        Task addition = new Addition(999);
        for (int i = 0; i < sums.size(); i++) {
            assertThat(sums.get(i).prompt())
                    .isEqualTo(addition.trainProblem(5, i).prompt());
        }
        for (long index : LongStream.of(999, 3, 500).toArray()) {
            assertThat(MIXTURE.trainProblem(5, index))
                    .as("a function of the index")
                    .isEqualTo(problems.get((int) index));
        }
        assertThat(MIXTURE.trainProblem(6, 3)).isNotEqualTo(problems.get(3));
    }

    @Test
    void heldOutProblemsDifferAndBeginAlike() {
        List<Problem> some = MIXTURE.evalProblems(60);
        assertThat(new HashSet<>(some.stream().map(Problem::id).toList())).hasSize(60);
        assertThat(some.subList(0, 20)).isEqualTo(MIXTURE.evalProblems(20));
        assertThat(some.stream().map(MixedTaskTest::of).distinct())
                .containsExactlyInAnyOrder("countdown", "addition@3");
        Task small = TaskMixture.parse("countdown:0.5,addition:0.5");
        assertThat(small.evalProblems(small.evalSize())).hasSize(small.evalSize());
        assertThat(small.evalSize())
                .as("about twice the sums that are held out")
                .isBetween(1500, 2500);
    }

    @Test
    void eachProblemIsScoredByItsOwnTask() {
        for (Problem problem : MIXTURE.trainProblems(5, 0, 20)) {
            boolean sum = of(problem).equals("addition@3");
            String answer = problem.columns().string("answer");
            String text = sum ? answer : "<answer>" + answer + "</answer>";
            assertThat(MIXTURE.rewards()
                            .score(problem.completion(text, new int[] {1}, FinishReason.STOP))
                            .total()
                            .orNaN())
                    .as(problem.id())
                    .isEqualTo(1.0);
            assertThat(MIXTURE.rewards()
                            .score(problem.completion("no", new int[] {1}, FinishReason.STOP))
                            .total()
                            .orNaN())
                    .isLessThan(1.0);
        }
    }

    @Test
    void whatIsNoMixtureIsSaid() {
        refused("countdown:0.7,addition:0.2", "must add up to 1, but countdown:0.7, addition:0.2 make 0.89");
        refused("countdown:1.5,addition:-0.5", "the weight of task 'addition' must not be negative, got -0.5");
        refused("countdown:0.5,adition:0.5", "names the task 'adition', which there is not; there are countdown");
        refused("countdown:0.5,addition", "'addition' of the mixture 'countdown:0.5,addition' has no weight");
        refused("countdown:half,addition:0.5", "the weight of task 'countdown' is 'half', not a number");
        refused("countdown:0.5,countdown:0.5", "task 'countdown' is in the mixture twice");
        refused("countdown@x:0.5,addition:0.5", "'countdown@x' does not name a difficulty");
        refused("countdown@9:0.5,addition:0.5", "9");
        assertThat(Tasks.names()).doesNotContain(":", "@");
    }

    private static void refused(String mixture, String message) {
        assertThatThrownBy(() -> TaskMixture.parse(mixture))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(message);
    }
}
