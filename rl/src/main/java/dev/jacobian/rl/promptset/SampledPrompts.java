// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.promptset;

import dev.jacobian.rl.config.RewardCallConfig;
import dev.jacobian.rl.reward.RewardRun;
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

/**
 * How many of some completions solve each of a set's problems. What a reward fails on is not judged, counts neither as right nor as
 * wrong, and is said in the end.
 *
 * @param model completes them
 * @param task the problems' rewards
 * @param samples completions of each
 * @param generation how to sample; its seed and a problem's place decide its samples
 * @param calls how rewards are called, and how many failures are borne ({@link RewardRun#measuring})
 * @param progress hears how many problems are done, and of failures
 */
public record SampledPrompts(
        CausalLM model,
        Task task,
        int samples,
        GenerationConfig generation,
        RewardCallConfig calls,
        Progress progress) {
    /** Hears of work that takes a while. */
    public interface Progress {
        /** Nobody. */
        Progress NONE = new Progress() {};

        /** So many prompts are done. */
        default void done(int prompts) {}

        /** Something that a person should know. */
        default void say(String message) {}
    }

    /**
     * Of a problem.
     *
     * @param solved right completions
     * @param judged completions that a reward said something about
     */
    record Count(int solved, int judged) {
        @Override
        public String toString() {
            return solved + "/" + judged;
        }
    }

    /** Random keys that meet neither those of training nor those of evaluations. */
    private static final long KEY_BASE = 1L << 49;

    /** Problems that are sampled together. Samples do not depend on it. */
    private static final int TOGETHER = 32;

    /** Checks the number. */
    public SampledPrompts {
        if (samples < 1) {
            throw new IllegalArgumentException("at least one completion of each prompt is needed, found " + samples);
        }
    }

    /**
     * Completions that solve each problem.
     *
     * @throws dev.jacobian.io.FormatException naming file and row, if the model cannot complete a prompt
     * @throws dev.jacobian.rl.reward.RewardException if too many rewards fail
     */
    List<Count> counts(List<Problem> problems) {
        new PromptCheck(model, generation.maxNewTokens()).longest(task, problems);
        Rollouts rollouts = Rollouts.local(model, task);
        CompletionText texts = new CompletionText(model);
        RewardRun rewards = RewardRun.measuring(calls, Math.multiplyExact(problems.size(), samples));
        List<Count> counts = new ArrayList<>();
        for (int from = 0; from < problems.size(); from += TOGETHER) {
            List<Request> requests = new ArrayList<>();
            for (int i = from; i < Math.min(problems.size(), from + TOGETHER); i++) {
                requests.add(new Request(problems.get(i), KEY_BASE + i, samples));
            }
            Scoring.score(rollouts.run(new RolloutTask(requests, generation, 0)), texts, task, rewards)
                    .forEach(group -> counts.add(count(group)));
            progress.done(counts.size());
        }
        rewards.firstBorne()
                .ifPresent(first -> progress.say(rewards.borne() + " of " + counts.size() * samples
                        + " completions could not be judged, and count neither as right nor as wrong. The first: "
                        + first));
        return counts;
    }

    private static Count count(ScoredGroup group) {
        int solved = 0;
        int judged = 0;
        for (int i = 0; i < group.solved().length; i++) {
            solved += group.solved()[i] ? 1 : 0;
            judged += group.counts()[i] ? 1 : 0;
        }
        return new Count(solved, judged);
    }
}
