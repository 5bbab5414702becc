// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.judge;

import dev.jacobian.rl.environment.Environment;
import dev.jacobian.rl.reward.WeightedRewards;
import dev.jacobian.rl.task.Problem;
import dev.jacobian.rl.task.Task;
import java.util.List;
import java.util.Optional;

/**
 * The problems of a task with other rewards, such as those of a model.
 *
 * @param problems the task that they are of
 * @param rewards what a completion earns
 * @param solvedThreshold the reward from which on a completion counts as solving its problem; NaN where rewards compare
 */
public record RewardedTask(Task problems, WeightedRewards rewards, double solvedThreshold) implements Task {
    @Override
    public String name() {
        return problems.name();
    }

    @Override
    public Problem trainProblem(long seed, long index) {
        return problems.trainProblem(seed, index);
    }

    @Override
    public List<Problem> trainProblems(long seed, long first, int count) {
        return problems.trainProblems(seed, first, count);
    }

    @Override
    public int trainSize() {
        return problems.trainSize();
    }

    @Override
    public List<Problem> evalProblems(int count) {
        return problems.evalProblems(count);
    }

    @Override
    public int evalSize() {
        return problems.evalSize();
    }

    @Override
    public List<Problem> allProblems() {
        return problems.allProblems();
    }

    @Override
    public String source(Problem problem) {
        return problems.source(problem);
    }

    @Override
    public Optional<Environment> environment() {
        return problems.environment();
    }

    @Override
    public Optional<String> answer(String completion) {
        return problems.answer(completion);
    }
}
