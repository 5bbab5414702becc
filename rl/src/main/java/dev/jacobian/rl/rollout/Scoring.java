// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.rollout;

import dev.jacobian.rl.config.RewardCallConfig;
import dev.jacobian.rl.episode.Episode;
import dev.jacobian.rl.reward.Completion;
import dev.jacobian.rl.reward.PreferenceReward;
import dev.jacobian.rl.reward.RewardException;
import dev.jacobian.rl.reward.RewardRun;
import dev.jacobian.rl.reward.Score;
import dev.jacobian.rl.reward.WeightedRewards.Breakdown;
import dev.jacobian.rl.task.Problem;
import dev.jacobian.rl.task.Task;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;

/** Decodes completions and asks a task's reward functions, all groups of a rollout at once. */
public final class Scoring {
    private Scoring() {}

    /**
     * Scores groups.
     *
     * @throws RewardException if a reward function throws, takes longer than is usual, or returns a number that is not finite, or too large
     */
    public static List<ScoredGroup> score(List<Group> groups, CompletionText texts, Task task) {
        return score(groups, texts, task, new RewardRun(RewardCallConfig.DEFAULT));
    }

    /**
     * The same within a run, which may bear failures: their samples have no reward and do not count.
     *
     * @throws RewardException if a failure is one too many
     */
    public static List<ScoredGroup> score(List<Group> groups, CompletionText texts, Task task, RewardRun run) {
        return score(groups, texts, task, run, Map.of());
    }

    /** The same of samples about which rewards were asked while they were drawn. */
    public static List<ScoredGroup> score(
            List<Group> groups, CompletionText texts, Task task, RewardRun run, EarlyScoring early) {
        return run.using(early.rewards(), () -> score(groups, texts, task, run, early.asked()));
    }

    private static List<ScoredGroup> score(
            List<Group> groups, CompletionText texts, Task task, RewardRun run, Map<Trajectory, Completion> asked) {
        List<List<Completion>> completions =
                groups.stream().map(group -> completions(group, texts, asked)).toList();
        List<List<Breakdown>> breakdowns = task.rewards().score(completions, run);
        List<ScoredGroup> scored = new ArrayList<>();
        for (int g = 0; g < groups.size(); g++) {
            List<String> decoded =
                    completions.get(g).stream().map(Completion::text).toList();
            scored.add(scored(groups.get(g), decoded, breakdowns.get(g), task.solvedThreshold(), run));
        }
        return scored;
    }

    /**
     * The groups with rewards against other samples of their prompts instead of each other, and those of the others: a draw each.
     *
     * @param judge what all of the reward comes from
     * @throws RewardException if the judge throws
     */
    public static List<ScoredGroup> against(
            List<ScoredGroup> scored, List<Group> others, CompletionText texts, PreferenceReward judge) {
        try {
            List<double[]> rewards = judge.against(
                    scored.stream()
                            .map(one -> completions(one.group(), texts, Map.of()))
                            .toList(),
                    others.stream()
                            .map(group -> completions(group, texts, Map.of()))
                            .toList());
            return IntStream.range(0, scored.size())
                    .mapToObj(g -> {
                        double[] draws = new double[others.get(g).size()];
                        Arrays.fill(draws, judge.draw()); // what opponents earn against themselves
                        return scored.get(g).withRewards(rewards.get(g)).withExtra(draws);
                    })
                    .toList();
        } catch (IllegalArgumentException refused) {
            throw new RewardException("reward '" + judge.name() + "': " + refused.getMessage());
        }
    }

    /** A group's samples as rewards see them: what was said last, and what happened before where there was an environment. */
    public static List<Completion> completions(Group group, CompletionText texts) {
        return completions(group, texts, Map.of());
    }

    private static List<Completion> completions(Group group, CompletionText texts, Map<Trajectory, Completion> asked) {
        List<Completion> completions = new ArrayList<>();
        for (Trajectory sample : group.samples()) {
            int prompt = group.promptLength();
            Completion known = asked.get(sample);
            completions.add(
                    known != null && known.tokenIds().length == sample.length() - prompt
                            ? known
                            : completion(group.problem(), prompt, sample, texts)); // sessions may begin differently
        }
        return completions;
    }

    /** What rewards are shown of a sample that has ended. */
    static Completion completion(Problem problem, int prompt, Trajectory sample, CompletionText texts) {
        int[] tokens = sample.from(prompt);
        Optional<Episode> episode = sample.episode().map(happened -> happened.behind(prompt));
        int[] said = episode.map(happened -> sample.from(prompt + happened.lastTurn(tokens.length)))
                .orElse(tokens);
        return problem.completion(texts.of(said), tokens, sample.finish(), episode);
    }

    private static ScoredGroup scored(
            Group group, List<String> texts, List<Breakdown> breakdowns, double solvedFrom, RewardRun run) {
        int n = breakdowns.size();
        double[] totals = new double[n];
        boolean[] counts = new boolean[n];
        boolean[] solved = new boolean[n];
        Map<String, double[]> parts = new LinkedHashMap<>();
        for (int i = 0; i < n; i++) {
            Breakdown breakdown = breakdowns.get(i);
            breakdown.total().trouble().ifPresent(run::bear);
            totals[i] = breakdown.total().orNaN();
            counts[i] = breakdown.total() instanceof Score.Value;
            solved[i] =
                    breakdown.total().trouble().isEmpty() && breakdown.alone().orNaN() >= solvedFrom;
            int index = i;
            breakdown
                    .parts()
                    .forEach((name, score) -> parts.computeIfAbsent(name, k -> new double[n])[index] = score.orNaN());
        }
        return new ScoredGroup(group, texts, totals, counts, solved, perToken(group, breakdowns), parts);
    }

    private static Optional<double[][]> perToken(Group group, List<Breakdown> breakdowns) {
        if (breakdowns.stream().allMatch(breakdown -> breakdown.perToken().isEmpty())) {
            return Optional.empty();
        }
        double[][] rewards = new double[group.size()][];
        for (int i = 0; i < rewards.length; i++) {
            Trajectory sample = group.samples().get(i);
            rewards[i] = new double[sample.choices()];
            Optional<double[]> given = breakdowns.get(i).perToken();
            if (given.isPresent() && breakdowns.get(i).total().trouble().isEmpty()) {
                spread(given.get(), sample, group.promptLength(), rewards[i]);
            } else if (rewards[i].length > 0 && breakdowns.get(i).total() instanceof Score.Value(double total)) {
                rewards[i][rewards[i].length - 1] = total;
            }
        }
        return Optional.of(rewards);
    }

    /** From the tokens of a completion to those of them that were chosen. */
    private static void spread(double[] given, Trajectory sample, int promptLength, double[] target) {
        int next = 0;
        for (int t = 0; t < given.length && target.length > 0; t++) {
            next += sample.chosen()[promptLength + t] ? 1 : 0;
            target[Math.max(0, next - 1)] += given[t];
        }
    }
}
