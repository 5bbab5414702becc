// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.selection;

import dev.jacobian.rl.config.RewardCallConfig;
import dev.jacobian.rl.promptset.SampledPrompts;
import dev.jacobian.rl.reward.RewardRun;
import dev.jacobian.rl.rollout.CompletionText;
import dev.jacobian.rl.rollout.RolloutTask;
import dev.jacobian.rl.rollout.RolloutTask.Request;
import dev.jacobian.rl.rollout.Rollouts;
import dev.jacobian.rl.rollout.ScoredGroup;
import dev.jacobian.rl.rollout.Scoring;
import dev.jacobian.rl.rollout.Trajectory;
import dev.jacobian.rl.selection.SampledProblem.Answer;
import dev.jacobian.rl.selection.SampledProblem.Verdict;
import dev.jacobian.rl.task.Problem;
import dev.jacobian.rl.task.PromptCheck;
import dev.jacobian.rl.task.Task;
import dev.jacobian.transformer.CausalLM;
import dev.jacobian.transformer.generation.GenerationConfig;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/**
 * Draws several completions of each problem and asks the task's rewards about them. The same model, problems, seed and number of completions
 * give the same ones.
 *
 * @param model completes
 * @param task the problems' rewards; of one turn
 * @param samples completions of each; k1.5 draws 8
 * @param generation how to sample; its seed and a problem's place decide its samples
 * @param calls how rewards are called, and how many failures are borne
 * @param progress hears how many problems are done, and of failures
 */
public record AnswerSampler(
        CausalLM model,
        Task task,
        int samples,
        GenerationConfig generation,
        RewardCallConfig calls,
        SampledPrompts.Progress progress) {
    /** Random keys that meet neither those of training nor those of evaluations and prompt tools. */
    private static final long KEY_BASE = 1L << 50;

    /** Problems that are sampled together. Samples do not depend on it. */
    private static final int TOGETHER = 32;

    /** Checks the number and the task. */
    public AnswerSampler {
        if (samples < 1) {
            throw new IllegalArgumentException("at least one completion of each problem is needed, found " + samples);
        }
        if (task.environment().isPresent()) {
            throw new IllegalArgumentException("task '" + task.name()
                    + "' is played in several turns, and demonstrations and pairs are of one; choose another task");
        }
    }

    /**
     * Samples and scores.
     *
     * @param each hears of each problem, in order
     * @throws dev.jacobian.io.FormatException naming the problem, if the model cannot complete a prompt
     * @throws dev.jacobian.rl.reward.RewardException if too many rewards fail
     */
    public void sample(List<Problem> problems, Consumer<SampledProblem> each) {
        sample(problems, 0, each);
    }

    /**
     * Samples and scores problems that stand behind others: the same completions as if all were sampled together.
     *
     * @param first place of the first problem
     * @param each hears of each problem, in order
     * @throws dev.jacobian.io.FormatException naming the problem, if the model cannot complete a prompt
     * @throws dev.jacobian.rl.reward.RewardException if too many rewards fail
     */
    public void sample(List<Problem> problems, int first, Consumer<SampledProblem> each) {
        new PromptCheck(model, generation.maxNewTokens()).longest(task, problems);
        Rollouts rollouts = Rollouts.local(model, task);
        CompletionText texts = new CompletionText(model);
        RewardRun rewards = RewardRun.measuring(calls, Math.multiplyExact(problems.size(), samples));
        int done = 0;
        for (int from = 0; from < problems.size(); from += TOGETHER) {
            List<Request> requests = new ArrayList<>();
            for (int i = from; i < Math.min(problems.size(), from + TOGETHER); i++) {
                requests.add(new Request(problems.get(i), KEY_BASE + first + i, samples));
            }
            for (ScoredGroup group :
                    Scoring.score(rollouts.run(new RolloutTask(requests, generation, 0)), texts, task, rewards)) {
                each.accept(sampled(group));
                done++;
            }
            progress.done(done);
        }
        rewards.firstBorne()
                .ifPresent(failure -> progress.say(rewards.borne() + " of " + problems.size() * samples
                        + " completions could not be judged, and are neither chosen nor rejected. The first: "
                        + failure));
    }

    private static SampledProblem sampled(ScoredGroup group) {
        List<Answer> answers = new ArrayList<>();
        for (int i = 0; i < group.solved().length; i++) {
            Trajectory sample = group.group().samples().get(i);
            Verdict verdict =
                    !group.counts()[i] ? Verdict.UNKNOWN : group.solved()[i] ? Verdict.CORRECT : Verdict.WRONG;
            answers.add(new Answer(
                    group.texts().get(i),
                    sample.choices(),
                    verdict,
                    !sample.finish().isCut()));
        }
        return new SampledProblem(group.group().problem(), answers);
    }
}
