// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.reward;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Several reward functions, each with a weight, added up to one reward; the one place that calls reward functions.
 *
 * <p>A function that skips a completion adds nothing; if all skip, the sum is a skip (TRL does the same). If one fails,
 * the sum fails: adding up the rest would silently change the reward's scale. A reward beyond ±{@value #LARGEST} is a failure too:
 * its square would take all digits from the others, and the gradient would end as infinity or as nothing.
 *
 * @param rewards the functions and their weights
 * @param decides the rewards whose own score, unweighted, says whether a completion solves its problem: one, or of several that which does
 *     not skip it, as in a mixture of tasks; empty for the weighted sum of all that look at single completions
 */
public record WeightedRewards(List<Weighted> rewards, Set<String> decides) {

    /** The largest reward of a sample, weighted or not, either sign. */
    public static final double LARGEST = 1e9;

    /**
     * A function and its weight.
     *
     * @param function scores completions
     * @param weight multiplies the score; finite
     * @param warmupSteps training steps at the beginning in which the reward is computed and measured but not added: Kimi k1.5 trains
     *     without its length reward first, and then with a constant weight
     */
    public record Weighted(Reward function, double weight, int warmupSteps) {
        /** From the first step on. */
        public Weighted(Reward function, double weight) {
            this(function, weight, 0);
        }

        /** Checks the weight. */
        public Weighted {
            if (warmupSteps < 0) {
                throw new IllegalArgumentException("the warm-up of reward '" + function.name()
                        + "' must not be negative, got " + warmupSteps + " steps");
            }
            if (!Double.isFinite(weight)) {
                throw new IllegalArgumentException(
                        "the weight of reward '" + function.name() + "' must be finite, got " + weight);
            }
        }
    }

    /**
     * A completion's reward and where it comes from.
     *
     * @param total the weighted sum
     * @param alone what says whether it solves its problem: the score of the reward that {@link #decides}, or the sum of what was given
     *     for this completion by itself, or the total where all rewards are {@link BatchReward}s
     * @param perToken [T] the total, spread over the completion's tokens, if a function gave rewards token by token; what others
     *     gave for the whole completion stands at the last one
     * @param parts each function's own score, unweighted, by the function's name
     */
    public record Breakdown(Score total, Score alone, Optional<double[]> perToken, Map<String, Score> parts) {}

    /** Copies the list and checks that it is not empty and that names differ. */
    public WeightedRewards {
        rewards = List.copyOf(rewards);
        if (rewards.isEmpty()) {
            throw new IllegalArgumentException("at least one reward function is needed");
        }
        Set<String> names = new HashSet<>();
        for (Weighted reward : rewards) {
            if (!names.add(reward.function().name())) {
                throw new IllegalArgumentException("two reward functions are named '"
                        + reward.function().name() + "'; name them apart with RewardFunction.named");
            }
        }
        decides = Set.copyOf(decides);
        for (String name : decides) {
            if (!names.contains(name)) {
                throw new IllegalArgumentException(
                        "reward '" + name + "' is to decide, but there is none of that name");
            }
        }
    }

    /** With the weighted sum of those that look at single completions to decide. */
    public WeightedRewards(List<Weighted> rewards) {
        this(rewards, Set.of());
    }

    /** The same, where the score of one of them says whether a completion is right. */
    public WeightedRewards decidedBy(String name) {
        return new WeightedRewards(rewards, Set.of(name));
    }

    /** The judge of pairs that gives all of the reward, if one does. */
    public Optional<PreferenceReward> preference() {
        return rewards.size() == 1
                        && rewards.getFirst().weight() == 1
                        && rewards.getFirst().function() instanceof PreferenceReward judge
                ? Optional.of(judge)
                : Optional.empty();
    }

    /** One function with weight 1. */
    public static WeightedRewards of(RewardFunction function) {
        return of((Reward) function);
    }

    /** One reward of any kind with weight 1. */
    public static WeightedRewards of(Reward function) {
        return new WeightedRewards(List.of(new Weighted(function, 1)));
    }

    /** These and one more. */
    public WeightedRewards plus(RewardFunction function, double weight) {
        return plus((Reward) function, weight);
    }

    /** These and one more of any kind. */
    public WeightedRewards plus(Reward function, double weight) {
        List<Weighted> more = new ArrayList<>(rewards);
        more.add(new Weighted(function, weight));
        return new WeightedRewards(more, decides);
    }

    /**
     * Checks a problem's columns with every reward.
     *
     * @throws IllegalArgumentException naming the column and what is wrong with it
     */
    public void requireUsable(Columns columns) {
        rewards.forEach(reward -> reward.function().requireUsable(columns));
    }

    /** Scores a completion of which there are no others to compare it with. Never throws on account of a reward function. */
    public Breakdown score(Completion completion) {
        return score(List.of(List.of(completion))).getFirst().getFirst();
    }

    /** As {@link #score(List, RewardRun)}, one call after the other on this thread, without deadlines. */
    public List<List<Breakdown>> score(List<List<Completion>> groups) {
        return score(groups, RewardRun.inPlace());
    }

    /**
     * Scores the completions of a rollout with every function. Never throws on account of a reward function, unless its calls cannot be
     * ended.
     *
     * @param groups the samples of each prompt
     * @param run how functions are called
     * @return for each group one result per sample, in order
     */
    public List<List<Breakdown>> score(List<List<Completion>> groups, RewardRun run) {
        int[] count = {0};
        List<List<RewardSum>> sums = groups.stream()
                .map(group -> group.stream()
                        .map(completion -> new RewardSum(count[0]++, completion, rewards, decides))
                        .toList())
                .toList();
        List<RewardSum> all = sums.stream().flatMap(List::stream).toList();
        List<Completion> completions = all.stream().map(RewardSum::completion).toList();
        boolean single = false;
        for (Weighted reward : rewards) {
            if (reward.function() instanceof RewardFunction function) {
                single = true;
                List<Score> scores = run.scores(function, completions);
                for (int i = 0; i < scores.size(); i++) {
                    all.get(i).add(reward, scores.get(i), run.step());
                }
            }
        }
        all.forEach(RewardSum::closeAlone);
        for (Weighted reward : rewards) {
            if (reward.function() instanceof BatchReward function) {
                compare(reward, function, sums, run);
            }
        }
        all.stream()
                .filter(RewardSum::hasFailed)
                .forEach(sum -> run.leaveOut(sum.sample(), sum.completion(), sum.total()));
        run.endRound();
        boolean anySingle = single;
        return sums.stream()
                .map(group ->
                        group.stream().map(sum -> sum.breakdown(anySingle)).toList())
                .toList();
    }

    /** What has failed already is not compared with: its sample is left out. */
    private static void compare(Weighted reward, BatchReward function, List<List<RewardSum>> sums, RewardRun run) {
        List<List<RewardSum>> whole = sums.stream()
                .map(group -> group.stream().filter(sum -> !sum.hasFailed()).toList())
                .filter(group -> !group.isEmpty()
                        && function.concerns(group.getFirst().completion().columns()))
                .toList();
        if (whole.isEmpty()) {
            return;
        }
        List<List<Score>> scores = run.scores(
                function,
                whole.stream().map(RewardSum::samples).toList(),
                whole.stream().flatMap(List::stream).mapToInt(RewardSum::sample).toArray());
        for (int g = 0; g < whole.size(); g++) {
            for (int i = 0; i < whole.get(g).size(); i++) {
                whole.get(g).get(i).add(reward, scores.get(g).get(i), run.step());
            }
        }
    }
}
