// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl;

import dev.jacobian.rl.metric.PassAtK;
import dev.jacobian.rl.reward.Score;
import dev.jacobian.rl.task.Problem;
import dev.jacobian.rl.task.Task;
import dev.jacobian.transformer.CausalLM;
import dev.jacobian.transformer.generation.FinishReason;
import dev.jacobian.transformer.generation.GenerationConfig;
import java.util.Arrays;
import java.util.List;

/**
 * Accuracy of a model on a task's held-out problems.
 *
 * @param problems number of problems
 * @param samples completions per problem
 * @param passAt1 mean share of solved completions: pass@1
 * @param passAtK share of problems with a solved one among the samples (unbiased), k = samples
 * @param reward mean reward
 * @param meanLength mean tokens per completion
 * @param truncated share of completions that reached the limit
 */
public record Evaluation(
        int problems,
        int samples,
        double passAt1,
        double passAtK,
        double reward,
        double meanLength,
        double truncated) {
    /** Problems and random keys of evaluations never meet those of training. */
    private static final long KEY_BASE = 1L << 48;

    /**
     * Samples and scores.
     *
     * @param problems how many held-out problems
     * @param samples completions per problem
     * @param generation how to sample; its seed decides the samples, so two evaluations of one model agree
     */
    public static Evaluation run(
            CausalLM model, Task task, int problems, int samples, GenerationConfig generation) {
        List<Problem> heldOut = task.evalProblems(problems);
        long[] keys = new long[heldOut.size()];
        Arrays.setAll(keys, i -> KEY_BASE + i);
        List<Group> groups = Rollouts.local(model).run(new RolloutTask(heldOut, keys, samples, generation, 0));
        int[] solved = new int[groups.size()];
        double reward = 0;
        long tokens = 0;
        int truncated = 0;
        for (int p = 0; p < solved.length; p++) {
            Group group = groups.get(p);
            for (Trajectory sample : group.samples()) {
                String text = model.tokenizer().decode(sample.tokenIds(), true);
                Score total = task.rewards()
                        .score(group.problem().completion(text, sample.tokenIds(), sample.finishReason()))
                        .total();
                if (total instanceof Score.Failure(String message)) {
                    throw new RewardException(message);
                }
                double value = total.orNaN();
                solved[p] += value >= task.solvedThreshold() ? 1 : 0;
                reward += Double.isNaN(value) ? 0 : value;
                tokens += sample.length();
                truncated += sample.finishReason() == FinishReason.LENGTH ? 1 : 0;
            }
        }
        double completions = (double) solved.length * samples;
        return new Evaluation(
                solved.length,
                samples,
                Arrays.stream(solved).sum() / completions,
                PassAtK.mean(samples, solved, samples),
                reward / completions,
                tokens / completions,
                truncated / completions);
    }
}
