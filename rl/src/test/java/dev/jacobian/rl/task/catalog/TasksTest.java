// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.task.catalog;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.jacobian.rl.reward.ExactMatchReward.Answer;
import dev.jacobian.rl.reward.RewardFunction;
import dev.jacobian.rl.task.Addition;
import dev.jacobian.rl.task.Countdown;
import dev.jacobian.rl.task.Problem;
import dev.jacobian.rl.task.Task;
import dev.jacobian.transformer.generation.FinishReason;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The list of named tasks. */
class TasksTest {
    static Stream<NamedTask> tasks() {
        return Tasks.all().stream();
    }

    @Test
    void olderNamesMeanWhatTheyMeant() {
        assertThat(task("countdown")).isEqualTo(Countdown.small());
        assertThat(task("countdown-words")).isEqualTo(Countdown.standard());
        assertThat(task("addition")).isEqualTo(new Addition());
    }

    @ParameterizedTest
    @MethodSource("tasks")
    void everyTaskMakesProblemsWhoseStoredAnswerIsSolved(NamedTask named) {
        for (int level = named.levels().lowest(); level <= named.levels().highest(); level++) {
            for (Answer form : named.forms()) {
                Task task = named.task(Optional.of(level), Optional.of(form));
                assertThat(task.name()).isIn(named.name(), "countdown");
                Problem problem = task.trainProblem(1, 2);
                String answer = problem.columns().string("answer");
                String completion = form == Answer.TAG ? "<answer>" + answer + "</answer>" : answer;
                assertThat(solved(task, problem, completion)).isTrue();
                assertThat(solved(task, problem, "?")).isFalse();
            }
        }
        assertThat(named.summary()).doesNotEndWith(".").doesNotContain("\n");
    }

    private static boolean solved(Task task, Problem problem, String completion) {
        RewardFunction reward =
                (RewardFunction) task.rewards().rewards().getFirst().function();
        return reward.score(problem.completion(completion, new int[] {1}, FinishReason.STOP))
                        .orNaN()
                >= task.solvedThreshold();
    }

    @Test
    void namesAreUniqueAndPlain() {
        List<String> names = tasks().map(NamedTask::name).toList();
        assertThat(names).doesNotHaveDuplicates().allMatch(name -> name.matches("[a-z]+(-[a-z]+)*"));
        assertThat(names.size()).isGreaterThanOrEqualTo(23);
        assertThat(Tasks.find("jsonl")).isEmpty();
    }

    @Test
    void whatATaskLacksIsRefused() {
        NamedTask addition = Tasks.find("addition").orElseThrow();
        assertThatThrownBy(() -> addition.task(Optional.of(1), Optional.empty()))
                .hasMessage("task 'addition' has difficulties 2 to 6, got 1");
        assertThatThrownBy(() -> addition.task(Optional.empty(), Optional.of(Answer.TAG)))
                .hasMessage("task 'addition' takes an answer that is the whole completion only");
        assertThatThrownBy(() ->
                        Tasks.find("countdown").orElseThrow().task(Optional.empty(), Optional.of(Answer.STRIPPED)))
                .hasMessage("task 'countdown' takes an answer in <answer> tags only");
    }

    private static Task task(String name) {
        return Tasks.find(name).orElseThrow().task();
    }
}
