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
 */
public record WeightedRewards(List<Weighted> rewards) {

    /** The largest reward of a sample, weighted or not, either sign. */
    public static final double LARGEST = 1e9;

    /**
     * A function and its weight.
     *
     * @param function scores completions
     * @param weight multiplies the score; finite
     */
    public record Weighted(Reward function, double weight) {
        /** Checks the weight. */
        public Weighted {
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
     * @param alone the sum of what was given for this completion by itself, which says whether it solves its problem; the
     *     total where all rewards are {@link BatchReward}s
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
        return new WeightedRewards(more);
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

    /**
     * Scores the completions of a rollout with every function. Never throws on account of a reward function.
     *
     * @param groups the samples of each prompt
     * @return for each group one result per sample, in order
     */
    public List<List<Breakdown>> score(List<List<Completion>> groups) {
        List<List<RewardSum>> sums = groups.stream()
                .map(group -> group.stream()
                        .map(completion -> new RewardSum(completion, rewards))
                        .toList())
                .toList();
        boolean single = false;
        for (Weighted reward : rewards) {
            if (reward.function() instanceof RewardFunction function) {
                single = true;
                sums.forEach(group ->
                        group.forEach(sum -> sum.add(reward, RewardCalls.score(function, sum.completion()))));
            }
        }
        sums.forEach(group -> group.forEach(RewardSum::closeAlone));
        for (Weighted reward : rewards) {
            if (reward.function() instanceof BatchReward function) {
                List<BatchReward.Samples> samples =
                        sums.stream().map(RewardSum::samples).toList();
                List<List<Score>> scores = RewardCalls.score(function, samples);
                for (int g = 0; g < sums.size(); g++) {
                    for (int i = 0; i < sums.get(g).size(); i++) {
                        sums.get(g).get(i).add(reward, scores.get(g).get(i));
                    }
                }
            }
        }
        boolean anySingle = single;
        return sums.stream()
                .map(group ->
                        group.stream().map(sum -> sum.breakdown(anySingle)).toList())
                .toList();
    }
}
