// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.promptset;

import dev.jacobian.rl.rollout.CompletionText;
import dev.jacobian.rl.rollout.RolloutTask;
import dev.jacobian.rl.rollout.RolloutTask.Request;
import dev.jacobian.rl.rollout.Rollouts;
import dev.jacobian.rl.rollout.ScoredGroup;
import dev.jacobian.rl.rollout.Scoring;
import dev.jacobian.rl.task.Problem;
import dev.jacobian.rl.task.PromptCheck;
import dev.jacobian.rl.task.Task;
import dev.jacobian.transformer.CausalLM;
import dev.jacobian.transformer.generation.GenerationConfig;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntConsumer;

/**
 * How many of some completions solve each of a set's problems.
 *
 * @param model completes them
 * @param task the problems' rewards
 * @param samples completions of each
 * @param generation how to sample; its seed and a problem's place decide its samples
 * @param progress is told how many problems are done
 */
record SampledPrompts(CausalLM model, Task task, int samples, GenerationConfig generation, IntConsumer progress) {
    /** Random keys that meet neither those of training nor those of evaluations. */
    private static final long KEY_BASE = 1L << 49;

    /** Problems that are sampled together. Samples do not depend on it. */
    private static final int TOGETHER = 32;

    SampledPrompts {
        if (samples < 1) {
            throw new IllegalArgumentException("at least one completion of each prompt is needed, found " + samples);
        }
    }

    /**
     * Completions that solve each problem.
     *
     * @throws dev.jacobian.io.FormatException naming file and row, if the model cannot complete a prompt
     */
    int[] solved(List<Problem> problems) {
        new PromptCheck(model, generation.maxNewTokens()).longest(task, problems);
        Rollouts rollouts = Rollouts.local(model, task);
        CompletionText texts = new CompletionText(model);
        int[] solved = new int[problems.size()];
        for (int from = 0; from < solved.length; from += TOGETHER) {
            List<Request> requests = new ArrayList<>();
            for (int i = from; i < Math.min(solved.length, from + TOGETHER); i++) {
                requests.add(new Request(problems.get(i), KEY_BASE + i, samples));
            }
            List<ScoredGroup> scored =
                    Scoring.score(rollouts.run(new RolloutTask(requests, generation, 0)), texts, task);
            for (int i = 0; i < scored.size(); i++) {
                for (boolean right : scored.get(i).solved()) {
                    solved[from + i] += right ? 1 : 0;
                }
            }
            progress.accept(from + scored.size());
        }
        return solved;
    }
}
