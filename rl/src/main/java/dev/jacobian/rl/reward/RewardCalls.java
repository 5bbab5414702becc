// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.reward;

import dev.jacobian.rl.episode.Episode;
import dev.jacobian.tensor.Nullable;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/** Calls reward functions: whatever goes wrong in one becomes a failure with its name and the problem's. */
final class RewardCalls {
    static final String ADVICE = "a reward lies between -" + WeightedRewards.LARGEST + " and " + WeightedRewards.LARGEST
            + ", and best between -1 and 1";

    private RewardCalls() {}

    static String where(Reward function, Completion completion) {
        return "reward '" + function.name() + "' on problem '" + completion.problemId() + "'";
    }

    /** Calls a function; whatever goes wrong becomes a failure with the function's and the problem's name. */
    static Score score(RewardFunction function, Completion completion) {
        Optional<String> failure = completion.episode().flatMap(Episode::failure);
        if (failure.isPresent()) {
            return Score.failure(failure.get()); // of the environment: nothing was said that could be judged
        }
        Score score;
        try {
            score = function.score(completion);
        } catch (Exception | StackOverflowError | AssertionError e) {
            return Score.failure(where(function, completion) + " threw " + e);
        }
        return checked(function, completion, score);
    }

    /** The same with what led to the score, of a function that says it. */
    static Explanation explain(RewardFunction function, Completion completion) {
        if (!(function instanceof ExplainedReward explained)) {
            return Explanation.of(score(function, completion), Optional.empty());
        }
        try {
            Explanation explanation = explained.explain(completion);
            return explanation == null
                    ? Explanation.of(checked(function, completion, null), Optional.empty())
                    : new Explanation(
                            checked(function, completion, explanation.score()),
                            explanation.extracted(),
                            explanation.verdict());
        } catch (Exception | StackOverflowError | AssertionError e) {
            return Explanation.of(Score.failure(where(function, completion) + " threw " + e), Optional.empty());
        }
    }

    private static Score checked(Reward function, Completion completion, @Nullable Score score) {
        String where = where(function, completion);
        return switch (score) {
            case null -> Score.failure(where + " returned null; return Score.skip() for 'no reward'");
            case Score.Value(double value)
            when !Double.isFinite(value) ->
                Score.failure(where + " returned " + value + "; a reward must be a finite number");
            case Score.Value(double value)
            when Math.abs(value) > WeightedRewards.LARGEST ->
                Score.failure(where + " returned " + value + "; " + ADVICE);
            case Score.PerToken(double[] rewards)
            when rewards.length == 0 || rewards.length != completion.tokenIds().length ->
                Score.failure(where + " returned " + rewards.length + " rewards for the " + completion.tokenIds().length
                        + " tokens of the completion; it must give one for each");
            case Score.PerToken(double[] rewards)
            when !Arrays.stream(rewards).allMatch(r -> Math.abs(r) <= WeightedRewards.LARGEST) ->
                Score.failure(where + " returned " + Arrays.toString(rewards) + "; " + ADVICE);
            case Score.Failure(String message) -> Score.failure(where + " failed: " + message);
            case Score.TimedOut(String message) -> new Score.TimedOut(where + " took too long: " + message);
            default -> score;
        };
    }

    /** The same for a function of a whole batch: what goes wrong is every completion's failure. */
    static List<List<Score>> score(BatchReward function, List<BatchReward.Samples> groups) {
        String failure;
        try {
            List<List<Score>> scores = function.score(groups);
            boolean fits = scores != null && scores.size() == groups.size();
            for (int g = 0; fits && g < groups.size(); g++) {
                fits = scores.get(g) != null
                        && scores.get(g).size() == groups.get(g).completions().size();
            }
            if (fits) {
                return checked(function, groups, scores);
            }
            failure = "returned scores of another shape; it must give one for each sample of each of the "
                    + groups.size() + " groups";
        } catch (Exception | StackOverflowError | AssertionError e) {
            failure = "threw " + e;
        }
        String all = failure;
        return groups.stream()
                .map(group -> group.completions().stream()
                        .map(completion -> Score.failure(where(function, completion) + " " + all))
                        .toList())
                .toList();
    }

    private static List<List<Score>> checked(
            BatchReward function, List<BatchReward.Samples> groups, List<List<Score>> scores) {
        List<List<Score>> all = new ArrayList<>();
        for (int g = 0; g < scores.size(); g++) {
            List<Score> row = new ArrayList<>();
            for (int i = 0; i < scores.get(g).size(); i++) {
                row.add(checked(
                        function,
                        groups.get(g).completions().get(i),
                        scores.get(g).get(i)));
            }
            all.add(row);
        }
        return all;
    }
}
