// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl;

import dev.jacobian.autograd.NoGrad;
import dev.jacobian.rl.learn.PackedGroups;
import dev.jacobian.rl.learn.PolicyScorer;
import dev.jacobian.rl.metric.MajorityVote;
import dev.jacobian.rl.metric.PassAtK;
import dev.jacobian.rl.metric.Repetition;
import dev.jacobian.rl.metric.SelfBleu;
import dev.jacobian.rl.rollout.CompletionText;
import dev.jacobian.rl.rollout.Group;
import dev.jacobian.rl.rollout.RolloutTask;
import dev.jacobian.rl.rollout.Rollouts;
import dev.jacobian.rl.rollout.ScoredGroup;
import dev.jacobian.rl.rollout.Scoring;
import dev.jacobian.rl.rollout.Trajectory;
import dev.jacobian.rl.task.Problem;
import dev.jacobian.rl.task.Task;
import dev.jacobian.transformer.CausalLM;
import dev.jacobian.transformer.generation.FinishReason;
import dev.jacobian.transformer.generation.GenerationConfig;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * What a model does on a task's held-out problems.
 *
 * @param problems number of problems
 * @param samples completions per problem, K
 * @param passAt1 mean share of solved completions
 * @param passAtK share of problems with a solved one among the K samples
 * @param majorityAtK share of problems whose most frequent answer is right (ties go to the earliest)
 * @param reward mean reward
 * @param meanLength mean tokens per completion
 * @param truncated share of completions that reached the limit
 * @param entropy mean entropy of the model's distribution at every completion token, in nats
 * @param rep5 mean share of repeated 5-grams of tokens
 * @param selfBleu mean BLEU-4 of a completion against the others of its problem; NaN for one sample
 */
public record Evaluation(
        int problems,
        int samples,
        double passAt1,
        double passAtK,
        double majorityAtK,
        double reward,
        double meanLength,
        double truncated,
        double entropy,
        double rep5,
        double selfBleu) {
    /** Random keys of evaluations never meet those of training. */
    private static final long KEY_BASE = 1L << 48;

    private static final int MICRO_BATCH_TOKENS = 16384;

    /**
     * Samples and scores.
     *
     * @param problems how many held-out problems
     * @param samples completions per problem
     * @param generation how to sample; its seed decides the samples, so two evaluations of one model agree
     */
    public static Evaluation run(CausalLM model, Task task, int problems, int samples, GenerationConfig generation) {
        List<Group> groups = sample(model, task, problems, samples, generation);
        Counts counts = new Counts();
        Scoring.score(groups, new CompletionText(model), task).forEach(group -> counts.add(group, task));
        return counts.summary(groups.size(), samples, entropy(model, groups, generation));
    }

    /** Only pass@1, without the measurements that cost another forward pass. */
    static double passAt1(CausalLM model, Task task, int problems, GenerationConfig generation) {
        List<Group> groups = sample(model, task, problems, 1, generation);
        Counts counts = new Counts();
        Scoring.score(groups, new CompletionText(model), task).forEach(counts::score);
        return counts.solvedTotal() / (double) groups.size();
    }

    private static List<Group> sample(
            CausalLM model, Task task, int problems, int samples, GenerationConfig generation) {
        List<Problem> heldOut = task.evalProblems(problems);
        new PromptCheck(model, generation.maxNewTokens()).longest(task, heldOut);
        List<RolloutTask.Request> requests = IntStream.range(0, heldOut.size())
                .mapToObj(i -> new RolloutTask.Request(heldOut.get(i), KEY_BASE + i, samples))
                .toList();
        return Rollouts.local(model, task).run(new RolloutTask(requests, generation, 0));
    }

    private static double entropy(CausalLM model, List<Group> groups, GenerationConfig generation) {
        double sum = 0;
        long tokens = 0;
        for (List<Group> part : PolicyScorer.microBatches(groups, MICRO_BATCH_TOKENS)) {
            float temperature = generation.doSample() ? generation.temperature() : 1f;
            float[] entropies = NoGrad.compute(() -> PolicyScorer.score(model, PackedGroups.of(part), temperature)
                    .entropy()
                    .toFloatArray());
            for (float entropy : entropies) {
                sum += entropy;
            }
            tokens += entropies.length;
        }
        return sum / Math.max(1, tokens);
    }

    /** Counts over completions. */
    private static final class Counts {
        private final List<Integer> solved = new ArrayList<>();
        private double reward;
        private long tokens;
        private int truncated;
        private int majority;
        private double repetition;
        private double bleu;

        void add(ScoredGroup scored, Task task) {
            score(scored);
            Group group = scored.group();
            List<Optional<String>> answers = new ArrayList<>();
            int[][] responses = new int[group.size()][];
            for (int i = 0; i < responses.length; i++) {
                Trajectory sample = group.samples().get(i);
                responses[i] = group.completion(i);
                answers.add(task.answer(scored.texts().get(i)));
                tokens += sample.choices();
                truncated += sample.finish() == FinishReason.LENGTH ? 1 : 0;
            }
            Optional<String> winner = MajorityVote.winner(answers);
            majority += winner.isPresent() && scored.solved()[answers.indexOf(winner)] ? 1 : 0;
            repetition += Repetition.mean(responses, 5);
            bleu += responses.length > 1 ? SelfBleu.of(responses) : Double.NaN;
        }

        void score(ScoredGroup group) {
            int solvedHere = 0;
            for (int i = 0; i < group.rewards().length; i++) {
                solvedHere += group.solved()[i] ? 1 : 0;
                double value = group.rewards()[i];
                reward += Double.isNaN(value) ? 0 : value;
            }
            solved.add(solvedHere);
        }

        int solvedTotal() {
            return solved.stream().mapToInt(s -> s).sum();
        }

        Evaluation summary(int problems, int samples, double entropy) {
            double completions = (double) problems * samples;
            int[] counts = solved.stream().mapToInt(s -> s).toArray();
            return new Evaluation(
                    problems,
                    samples,
                    solvedTotal() / completions,
                    PassAtK.mean(samples, counts, samples),
                    majority / (double) problems,
                    reward / completions,
                    tokens / completions,
                    truncated / completions,
                    entropy,
                    repetition / problems,
                    bleu / problems);
        }
    }
}
