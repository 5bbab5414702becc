// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cluster.plan;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/**
 * A setting to change, and what the simulation says that it would bring. Each is tried alone; whether learning bears it (more prompts,
 * older samples) is another question.
 *
 * @param change what to do
 * @param meaning what else it changes
 * @param prediction with it
 * @param gain throughput with it over throughput without
 */
public record Advice(String change, String meaning, Prediction prediction, double gain) {
    private static final double WORTH = 1.05;
    private static final double SAME = 0.97;
    private static final double SMALL_SHARE =
            0.02; // of BF16 weights at usual rates of learning, as WeightDelta was measured
    private static final int TREE = 4;

    /** What may be tried: a change of the model. */
    private record Trial(String change, String meaning, LoopModel model) {}

    /**
     * Tries settings, one at a time.
     *
     * @param now the prediction without any of them
     * @return those that gain 5 % or more, and fewer workers if these do as much, the best first
     */
    public static List<Advice> of(Prediction now, int steps, long seed) {
        List<Advice> worth = new ArrayList<>();
        for (Trial trial : trials(now.model())) {
            Advice advice = tried(trial, now, steps, seed);
            if (advice.gain >= WORTH) {
                worth.add(advice);
            }
        }
        fewer(now, steps, seed).ifPresent(worth::add);
        worth.sort(Comparator.comparingDouble(Advice::gain).reversed());
        return worth;
    }

    private static Advice tried(Trial trial, Prediction now, int steps, long seed) {
        Prediction then = LoopSimulation.run(trial.model, steps, seed);
        return new Advice(trial.change, trial.meaning, then, then.samplesPerSecond() / now.samplesPerSecond());
    }

    private static List<Trial> trials(LoopModel model) {
        LoopSettings settings = model.settings();
        Publishing publishing = model.publishing();
        LoopTimes times = model.times();
        List<Trial> trials = new ArrayList<>();
        if (settings.workers() <= LoopSettings.MOST_WORKERS / 2) {
            trials.add(new Trial(
                    "twice the workers: " + 2 * settings.workers(),
                    "costs twice the machines",
                    model.withWorkers(2 * settings.workers())));
        }
        int stale = settings.maxStaleness() + 1;
        trials.add(new Trial(
                "max_staleness=" + stale,
                stale == 1
                        ? "sampling and training overlap; samples are a step older than the weights that learn from"
                                + " them"
                        : "samples may be a step older",
                model.withMaxStaleness(stale)));
        if (2L * settings.samples() <= 4_000_000) {
            trials.add(new Trial(
                    "twice the prompts of a step: " + 2 * settings.prompts(),
                    "half the optimizer steps for the same samples",
                    model.with(settings.withPrompts(2 * settings.prompts()))));
        }
        if (publishing.fanOut() == 0 && settings.workers() > TREE) {
            trials.add(new Trial(
                    "weights by a tree, " + TREE + " receivers for each sender",
                    "needs workers that pass weights on, which those of 'jacobian worker' do not yet",
                    model.with(publishing.withFanOut(TREE))));
        }
        if (publishing.share() > SMALL_SHARE) {
            trials.add(new Trial(
                    "smaller differences of weights: " + SMALL_SHARE + " of a copy",
                    "as they are of weights in BF16 at small learning rates",
                    model.with(publishing.withShare(SMALL_SHARE))));
        }
        if (times.reward().mean() > 0) {
            int places = (int) Math.min(1 << 20, 4L * settings.rewardConcurrency());
            trials.add(new Trial(
                    "reward_concurrency=" + places,
                    "the reward must bear it",
                    model.with(settings.withRewardConcurrency(places))));
        }
        if (times.trainPerToken() > 0) {
            trials.add(new Trial(
                    "a trainer that is twice as fast",
                    "more threads or a GPU for it; workers alone do not help here",
                    model.with(new LoopTimes(
                            times.decode(), times.prefillPerToken(), times.trainPerToken() / 2, times.reward()))));
        }
        return trials;
    }

    /** The fewest workers of a halving that do about as much as the best of these, and as all. */
    private static Optional<Advice> fewer(Prediction now, int steps, long seed) {
        List<Advice> halves = new ArrayList<>();
        for (int workers = now.model().settings().workers() / 2; workers >= 1; workers /= 2) {
            Trial trial = new Trial(
                    "fewer workers: " + workers,
                    "the others cost more than they bring",
                    now.model().withWorkers(workers));
            halves.add(tried(trial, now, steps, seed));
        }
        double best =
                Math.max(1, halves.stream().mapToDouble(Advice::gain).max().orElse(0));
        return halves.reversed().stream()
                .filter(half -> half.gain >= SAME * best)
                .findFirst();
    }
}
