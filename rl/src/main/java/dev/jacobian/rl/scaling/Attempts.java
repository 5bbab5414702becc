// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.scaling;

import dev.jacobian.rl.config.RewardCallConfig;
import dev.jacobian.rl.evaluation.Confidence;
import dev.jacobian.rl.reward.RewardRun;
import dev.jacobian.rl.rollout.CompletionText;
import dev.jacobian.rl.rollout.Group;
import dev.jacobian.rl.rollout.ScoredGroup;
import dev.jacobian.rl.rollout.Scoring;
import dev.jacobian.rl.rollout.Trajectory;
import dev.jacobian.rl.rollout.WeightVersions;
import dev.jacobian.rl.task.Problem;
import dev.jacobian.rl.task.PromptTokens;
import dev.jacobian.rl.task.Task;
import dev.jacobian.transformer.CausalLM;
import dev.jacobian.transformer.generation.FinishReason;
import dev.jacobian.transformer.generation.GenerationConfigBuilder;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;

/**
 * What all ways to spend tokens share: who answers what, how tokens are chosen, and what a task's rewards say of the one answer that each
 * problem ends with.
 *
 * @param model answers
 * @param task of one turn
 * @param problems what is asked
 * @param sampling a builder with samplers and seed, new at each call
 * @param calls how rewards are called; what fails counts as unsolved
 * @param confidence of the intervals
 */
public record Attempts(
        CausalLM model,
        Task task,
        List<Problem> problems,
        Supplier<GenerationConfigBuilder> sampling,
        RewardCallConfig calls,
        Confidence confidence) {
    /** Random keys that meet nobody else's. */
    static final long KEY_BASE = 1L << 51;

    public Attempts {
        problems = List.copyOf(problems);
        if (task.environment().isPresent()) {
            throw new IllegalArgumentException("task '" + task.name()
                    + "' is played in several turns, and thoughts are lengthened within one; choose another task");
        }
    }

    /** An answer to a problem: all tokens behind its prompt, whoever wrote them, and why it ended. */
    record Answer(int[] tokens, FinishReason finish) {}

    /** The prompts as token ids. */
    List<int[]> prompts() {
        PromptTokens encoder = new PromptTokens(model);
        return problems.stream().map(encoder::of).toList();
    }

    /**
     * The point that answers make.
     *
     * @param tokens that were sampled for each problem
     */
    ScalingPoint point(String setting, double samples, List<int[]> prompts, List<Answer> answers, double[] tokens) {
        List<Group> groups = new ArrayList<>();
        for (int p = 0; p < answers.size(); p++) {
            Answer answer = answers.get(p);
            int[] all = joined(prompts.get(p), answer.tokens());
            Trajectory written = new Trajectory(
                    all, new boolean[all.length], new float[all.length], WeightVersions.NONE, answer.finish());
            groups.add(new Group(problems.get(p), KEY_BASE + p, prompts.get(p).length, List.of(written)));
        }
        RewardRun rewards = RewardRun.measuring(calls, groups.size());
        double[] solved = new double[groups.size()];
        double all = 0;
        List<ScoredGroup> scored = Scoring.score(groups, new CompletionText(model), task, rewards);
        for (int p = 0; p < solved.length; p++) {
            solved[p] = scored.get(p).solved()[0] ? 1 : 0;
            all += tokens[p];
        }
        return new ScalingPoint(setting, samples, all / solved.length, confidence.share(solved));
    }

    static int[] joined(int[] first, int[] second) {
        int[] all = new int[first.length + second.length];
        System.arraycopy(first, 0, all, 0, first.length);
        System.arraycopy(second, 0, all, first.length, second.length);
        return all;
    }
}
