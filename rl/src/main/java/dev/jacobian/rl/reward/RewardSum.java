// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.reward;

import dev.jacobian.rl.episode.Episode;
import dev.jacobian.rl.reward.WeightedRewards.Breakdown;
import dev.jacobian.rl.reward.WeightedRewards.Weighted;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** The weighted sum of a completion's rewards while it grows. */
final class RewardSum {
    private final int sample;
    private final Completion completion;
    private final Map<String, Score> parts = new LinkedHashMap<>();
    private final List<String> failures = new ArrayList<>();
    private double sum;
    private double outcome; // the part of the sum that belongs to no single token
    private Optional<double[]> perToken = Optional.empty();
    private boolean any;
    private final Set<String> decides;
    private Score alone = Score.skip();

    /**
     * @param sample which of the rollout's samples, in order
     * @param decides the rewards whose score says whether the completion is right; none for the sum of those for single completions
     */
    RewardSum(int sample, Completion completion, List<Weighted> rewards, Set<String> decides) {
        this.sample = sample;
        this.completion = completion;
        this.decides = decides;
        rewards.forEach(reward -> parts.put(reward.function().name(), Score.skip())); // in the order of the list
        completion.episode().flatMap(Episode::failure).ifPresent(failures::add);
    }

    int sample() {
        return sample;
    }

    Completion completion() {
        return completion;
    }

    /** What follows belongs to comparisons with other completions. */
    void closeAlone() {
        if (decides.isEmpty()) {
            alone = total();
        }
    }

    boolean hasFailed() {
        return !failures.isEmpty();
    }

    /** A group as a batch reward sees it. */
    static BatchReward.Samples samples(List<RewardSum> group) {
        return new BatchReward.Samples(
                group.stream().map(RewardSum::completion).toList(),
                group.stream().mapToDouble(sum -> sum.alone.orNaN()).toArray());
    }

    /** @param step the training step, which may be before the one from which the reward counts */
    void add(Weighted reward, Score score, int step) {
        parts.put(reward.function().name(), score);
        if (decides.contains(reward.function().name()) && !(score instanceof Score.Skip)) {
            alone = Double.isNaN(score.orNaN()) ? score : Score.of(score.orNaN());
        }
        if (step <= reward.warmupSteps() && score.trouble().isEmpty()) {
            return;
        }
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
            case Score.TimedOut(String message) -> failures.add(message);
        }
    }

    private void add(Weighted reward, double value) {
        sum += reward.weight() * value;
        any = true;
        if (!(Math.abs(sum) <= WeightedRewards.LARGEST)) {
            failures.add(RewardCalls.where(reward.function(), completion) + " returned " + value
                    + ", and with its weight " + reward.weight() + " the sum is " + sum + "; " + RewardCalls.ADVICE);
        }
    }

    Score total() {
        if (!failures.isEmpty()) {
            return Score.failure(String.join("; ", new LinkedHashSet<>(failures)));
        }
        return any ? Score.of(sum) : Score.skip();
    }

    /**
     * The result, once.
     *
     * @param single whether there are functions for single completions
     */
    Breakdown breakdown(boolean single) {
        perToken.ifPresent(all -> all[all.length - 1] += outcome);
        return new Breakdown(total(), single || !decides.isEmpty() ? alone : total(), perToken, parts);
    }
}
