// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.reward;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Several reward functions, each with a weight, added up to one reward; the one place that calls reward functions.
 *
 * <p>A function that skips a completion adds nothing; if all skip, the sum is a skip (TRL does the same). If one fails,
 * the sum fails: adding up the rest would silently change the reward's scale.
 *
 * @param rewards the functions and their weights
 */
public record WeightedRewards(List<Weighted> rewards) {

    /**
     * A function and its weight.
     *
     * @param function scores a completion
     * @param weight multiplies the score; finite
     */
    public record Weighted(RewardFunction function, double weight) {
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
     * @param parts each function's own score, unweighted, by the function's name
     */
    public record Breakdown(Score total, Map<String, Score> parts) {}

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

    /** One function with weight 1. */
    public static WeightedRewards of(RewardFunction function) {
        return new WeightedRewards(List.of(new Weighted(function, 1)));
    }

    /** These and one more. */
    public WeightedRewards plus(RewardFunction function, double weight) {
        List<Weighted> more = new ArrayList<>(rewards);
        more.add(new Weighted(function, weight));
        return new WeightedRewards(more);
    }

    /** Scores a completion with every function. Never throws on account of a reward function. */
    public Breakdown score(Completion completion) {
        Map<String, Score> parts = new LinkedHashMap<>();
        double sum = 0;
        boolean any = false;
        List<String> failures = new ArrayList<>();
        for (Weighted reward : rewards) {
            Score score = guarded(reward.function(), completion);
            parts.put(reward.function().name(), score);
            switch (score) {
                case Score.Value(double value) -> {
                    sum += reward.weight() * value;
                    any = true;
                }
                case Score.Skip() -> {}
                case Score.Failure(String message) -> failures.add(message);
            }
        }
        if (!failures.isEmpty()) {
            return new Breakdown(Score.failure(String.join("; ", failures)), parts);
        }
        return new Breakdown(any ? Score.of(sum) : Score.skip(), parts);
    }

    /** Calls a function; whatever goes wrong becomes a failure with the function's and the problem's name. */
    static Score guarded(RewardFunction function, Completion completion) {
        String where = "reward '" + function.name() + "' on problem '" + completion.problemId() + "'";
        Score score;
        try {
            score = function.score(completion);
        } catch (Exception | StackOverflowError | AssertionError e) {
            return Score.failure(where + " threw " + e);
        }
        return switch (score) {
            case null -> Score.failure(where + " returned null; return Score.skip() for 'no reward'");
            case Score.Value(double value)
            when !Double.isFinite(value) ->
                Score.failure(where + " returned " + value + "; a reward must be a finite number");
            case Score.Failure(String message) -> Score.failure(where + " failed: " + message);
            default -> score;
        };
    }
}
