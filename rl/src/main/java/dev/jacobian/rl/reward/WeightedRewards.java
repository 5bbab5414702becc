// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.reward;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.LinkedHashMap;
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

    private static final String ADVICE =
            "a reward lies between -" + LARGEST + " and " + LARGEST + ", and best between -1 and 1";

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

    /** One function with weight 1. */
    public static WeightedRewards of(RewardFunction function) {
        return of((Reward) function);
    }

    /** One reward of any kind with weight 1. */
    public static WeightedRewards of(Reward function) {
        return new WeightedRewards(List.of(new Weighted(function, 1)));
    }

    /** These and one more. */
    public WeightedRewards plus(Reward function, double weight) {
        List<Weighted> more = new ArrayList<>(rewards);
        more.add(new Weighted(function, weight));
        return new WeightedRewards(more);
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
        List<List<Sum>> sums = groups.stream()
                .map(group -> group.stream().map(Sum::new).toList())
                .toList();
        boolean single = false;
        for (Weighted reward : rewards) {
            if (reward.function() instanceof RewardFunction function) {
                single = true;
                sums.forEach(group -> group.forEach(sum -> sum.add(reward, guarded(function, sum.completion))));
            }
        }
        sums.forEach(group -> group.forEach(sum -> sum.alone = sum.total()));
        for (Weighted reward : rewards) {
            if (reward.function() instanceof BatchReward function) {
                List<List<Score>> scores = guarded(function, sums);
                for (int g = 0; g < sums.size(); g++) {
                    for (int i = 0; i < sums.get(g).size(); i++) {
                        Sum sum = sums.get(g).get(i);
                        sum.add(
                                reward,
                                checked(function, sum.completion, scores.get(g).get(i)));
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

    /** The sum of a completion's rewards while it grows. */
    private final class Sum {
        private final Completion completion;
        private final Map<String, Score> parts = new LinkedHashMap<>();
        private final List<String> failures = new ArrayList<>();
        private double sum;
        private double outcome; // the part of the sum that belongs to no single token
        private Optional<double[]> perToken = Optional.empty();
        private boolean any;
        private Score alone = Score.skip();

        Sum(Completion completion) {
            this.completion = completion;
            rewards.forEach(reward -> parts.put(reward.function().name(), Score.skip())); // in the order of the list
        }

        void add(Weighted reward, Score score) {
            parts.put(reward.function().name(), score);
            switch (score) {
                case Score.Value(double value) -> {
                    outcome += reward.weight() * value;
                    add(reward, value);
                }
                case Score.PerToken(double[] rewards) -> {
                    double[] all = perToken.orElseGet(() -> new double[rewards.length]);
                    for (int t = 0; t < rewards.length; t++) {
                        all[t] += reward.weight() * rewards[t];
                    }
                    perToken = Optional.of(all);
                    add(reward, score.orNaN());
                }
                case Score.Skip() -> {}
                case Score.Failure(String message) -> failures.add(message);
            }
        }

        private void add(Weighted reward, double value) {
            sum += reward.weight() * value;
            any = true;
            if (!(Math.abs(sum) <= LARGEST)) {
                failures.add(where(reward.function(), completion) + " returned " + value + ", and with its weight "
                        + reward.weight() + " the sum is " + sum + "; " + ADVICE);
            }
        }

        Score total() {
            if (!failures.isEmpty()) {
                return Score.failure(String.join("; ", failures));
            }
            return any ? Score.of(sum) : Score.skip();
        }

        Breakdown breakdown(boolean single) {
            perToken.ifPresent(all -> all[all.length - 1] += outcome);
            return new Breakdown(total(), single ? alone : total(), perToken, parts);
        }
    }

    private static String where(Reward function, Completion completion) {
        return "reward '" + function.name() + "' on problem '" + completion.problemId() + "'";
    }

    /** Calls a function; whatever goes wrong becomes a failure with the function's and the problem's name. */
    static Score guarded(RewardFunction function, Completion completion) {
        Score score;
        try {
            score = function.score(completion);
        } catch (Exception | StackOverflowError | AssertionError e) {
            return Score.failure(where(function, completion) + " threw " + e);
        }
        return checked(function, completion, score);
    }

    private static Score checked(Reward function, Completion completion, Score score) {
        String where = where(function, completion);
        return switch (score) {
            case null -> Score.failure(where + " returned null; return Score.skip() for 'no reward'");
            case Score.Value(double value)
            when !Double.isFinite(value) ->
                Score.failure(where + " returned " + value + "; a reward must be a finite number");
            case Score.Value(double value)
            when Math.abs(value) > LARGEST -> Score.failure(where + " returned " + value + "; " + ADVICE);
            case Score.PerToken(double[] rewards)
            when rewards.length == 0 || rewards.length != completion.tokenIds().length ->
                Score.failure(where + " returned " + rewards.length + " rewards for the " + completion.tokenIds().length
                        + " tokens of the completion; it must give one for each");
            case Score.PerToken(double[] rewards)
            when !Arrays.stream(rewards).allMatch(r -> Math.abs(r) <= LARGEST) ->
                Score.failure(where + " returned " + Arrays.toString(rewards) + "; " + ADVICE);
            case Score.Failure(String message) -> Score.failure(where + " failed: " + message);
            default -> score;
        };
    }

    /** The same for a function of a whole batch: what goes wrong is every completion's failure. */
    private static List<List<Score>> guarded(BatchReward function, List<List<Sum>> sums) {
        List<BatchReward.Samples> groups = sums.stream()
                .map(group -> new BatchReward.Samples(
                        group.stream().map(sum -> sum.completion).toList(),
                        group.stream().mapToDouble(sum -> sum.alone.orNaN()).toArray()))
                .toList();
        String failure;
        try {
            List<List<Score>> scores = function.score(groups);
            boolean fits = scores != null && scores.size() == groups.size();
            for (int g = 0; fits && g < groups.size(); g++) {
                fits = scores.get(g) != null
                        && scores.get(g).size() == groups.get(g).completions().size();
            }
            if (fits) {
                return scores;
            }
            failure = "returned scores of another shape; it must give one for each sample of each of the "
                    + groups.size() + " groups";
        } catch (Exception | StackOverflowError | AssertionError e) {
            failure = "threw " + e;
        }
        Score all = Score.failure(failure);
        return groups.stream()
                .map(group ->
                        group.completions().stream().map(completion -> all).toList())
                .toList();
    }
}
