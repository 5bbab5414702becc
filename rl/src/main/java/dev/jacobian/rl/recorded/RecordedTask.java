// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.recorded;

import dev.jacobian.rl.reward.RewardFunction;
import dev.jacobian.rl.reward.Score;
import dev.jacobian.rl.reward.WeightedRewards;
import dev.jacobian.rl.rollout.Group;
import dev.jacobian.rl.task.Problem;
import dev.jacobian.rl.task.Task;
import java.util.List;
import java.util.OptionalInt;

/** The prompts of recorded samples, as a task that nobody samples. Nothing is held out, since nothing new can be scored. */
record RecordedTask(String name, List<Group> groups) implements Task {
    @Override
    public Problem trainProblem(long seed, long index) {
        return groups.get((int) (index % groups.size())).problem();
    }

    @Override
    public List<Problem> evalProblems(int count) {
        return List.of();
    }

    @Override
    public int evalSize() {
        return 0;
    }

    @Override
    public OptionalInt recordedPromptTokens() {
        return groups.stream().mapToInt(Group::promptLength).max();
    }

    @Override
    public WeightedRewards rewards() {
        return WeightedRewards.of(RewardFunction.named("recorded", completion -> Score.skip()));
    }
}
