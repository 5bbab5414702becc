// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.reproduction.rig;

import dev.jacobian.rl.rollout.CompletionText;
import dev.jacobian.rl.rollout.Group;
import dev.jacobian.rl.rollout.RolloutTask;
import dev.jacobian.rl.rollout.Rollouts;
import dev.jacobian.rl.rollout.ScoredGroup;
import dev.jacobian.rl.rollout.Scoring;
import dev.jacobian.rl.task.Problem;
import dev.jacobian.rl.task.Task;
import dev.jacobian.transformer.CausalLM;
import dev.jacobian.transformer.generation.GenerationConfig;
import java.util.List;
import java.util.stream.IntStream;

/** Groups of samples outside of training, drawn and scored as the trainer does. */
public final class Draws {
    private Draws() {}

    /** Groups of the task's first training problems of a seed. */
    public static List<ScoredGroup> of(CausalLM model, Task task, int problems, int samples, long seed) {
        List<Problem> asked = task.trainProblems(seed, 0, problems);
        List<RolloutTask.Request> requests = IntStream.range(0, problems)
                .mapToObj(i -> new RolloutTask.Request(asked.get(i), i, samples))
                .toList();
        List<Group> groups = Rollouts.local(model, task)
                .run(new RolloutTask(requests, GenerationConfig.sampling(Budget.LONGEST, 1f, seed), 0));
        return Scoring.score(groups, new CompletionText(model), task);
    }
}
