// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.task;

import dev.jacobian.rl.reward.RewardFunction;
import dev.jacobian.rl.reward.WeightedRewards;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * A task from a list of prompts and a reward function: the shortest way to one's own.
 *
 * <p>Every tenth prompt is held out for evaluation, if there are ten. A completion counts as solved from a reward of 1 on.
 */
public final class PromptTask implements Task {
    private static final int HELD_OUT = 10;

    private final String name;
    private final List<Problem> train = new ArrayList<>();
    private final List<Problem> eval = new ArrayList<>();
    private final WeightedRewards rewards;

    public PromptTask(String name, List<String> prompts, RewardFunction reward) {
        if (prompts.isEmpty()) {
            throw new IllegalArgumentException("a task needs at least one prompt");
        }
        this.name = name;
        this.rewards = WeightedRewards.of(reward);
        for (int i = 0; i < prompts.size(); i++) {
            Problem problem = new Problem(name + "-" + i, prompts.get(i), Map.of());
            (i % HELD_OUT == HELD_OUT - 1 ? eval : train).add(problem);
        }
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public Problem trainProblem(long seed, long index) {
        return train.get((int) (index % train.size()));
    }

    @Override
    public int trainSize() {
        return train.size();
    }

    @Override
    public List<Problem> evalProblems(int count) {
        List<Problem> all = eval.isEmpty() ? train : eval;
        return all.subList(0, Math.min(count, all.size()));
    }

    @Override
    public int evalSize() {
        return eval.isEmpty() ? train.size() : eval.size();
    }

    @Override
    public List<Problem> allProblems() {
        return Stream.concat(train.stream(), eval.stream()).toList();
    }

    @Override
    public WeightedRewards rewards() {
        return rewards;
    }
}
