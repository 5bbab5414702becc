// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cluster.plan;

import java.util.Arrays;
import java.util.PriorityQueue;

/**
 * Runs the loop of a master and its workers by events, without a clock: the same model, steps and seed give the same bits.
 *
 * <pre>
 * wave b begins     when wave b-1 has its last token and the weights after b-1-max_staleness rollouts are learned
 * within a wave     weights go out, workers take items, sample them, take more ({@link WaveSimulation})
 * rewards           are asked as samples end, so many at once, in the order of their ends
 * step b begins     when wave b has its last reward and step b-1 is learned
 * </pre>
 *
 * <p>With equal workers and samples, W for a wave with its weights, R for the last rewards and T for training, a step takes W + R + T if
 * {@code max_staleness} is 0, and max(W, T, (W + R + T) / (max_staleness + 1)) otherwise, as long as there are
 * places for the rewards of all rollouts under way.
 *
 * <p>Decisions:
 *
 * <ul>
 *   <li>One wave at a time and weights sent when it begins, because the carriers here do so; sampling that ran on over the border between
 *       waves would hide their tails.
 *   <li>The tokens of a sample follow from seed, step and number, whatever the settings: predictions of different settings compare the
 *       same samples.
 *   <li>The steps in which the pipeline fills are left out.
 * </ul>
 */
public final class LoopSimulation {
    private static final long REWARDS = 0x726577617264L;
    private static final int MOST_STEPS = 100_000;
    private static final int LEAST_FILLING = 8;

    private final LoopModel model;
    private final long seed;
    private final Fleet fleet;
    private final PriorityQueue<Double> judges = new PriorityQueue<>(); // when each place for a reward is free
    private final double[] learned; // when each step was; 0 for the weights of the beginning
    private final Sums sums = new Sums();
    private double waveEnd;

    /** Sums over the counted steps. */
    private static final class Sums {
        double publish;
        double sampling;
        double reward;
        double train;
        long tokens;
        long redone;
    }

    private LoopSimulation(LoopModel model, int steps, long seed) {
        this.model = model;
        this.seed = seed;
        fleet = new Fleet(model.settings().workers(), model.losses(), seed);
        learned = new double[steps + 1];
        LoopSettings settings = model.settings();
        long most = (settings.maxStaleness() + 2L) * settings.samples(); // no more can be under way
        int places = Math.toIntExact(Math.min(settings.rewardConcurrency(), Math.min(most, Integer.MAX_VALUE)));
        for (int i = 0; i < places; i++) {
            judges.add(0.0);
        }
    }

    /**
     * Simulates a run.
     *
     * @param steps to average over, behind those in which the pipeline fills; made a multiple of {@code max_staleness} + 1, since
     *     so many rollouts may come in one burst
     * @param seed of all that is drawn
     * @throws IllegalArgumentException if steps are below 1 or too many, or workers are lost faster than they end samples
     */
    public static Prediction run(LoopModel model, int steps, long seed) {
        LoopModel.require(
                steps >= 1 && steps <= MOST_STEPS,
                "simulated steps must lie between 1 and " + MOST_STEPS + ", found " + steps);
        int burst = model.settings().maxStaleness() + 1;
        int counted = Math.ceilDiv(steps, burst) * burst;
        int filling = Math.max(
                LEAST_FILLING, 2 * burst); // the same for usual settings, so that they are compared over the same steps
        LoopSimulation loop = new LoopSimulation(model, filling + counted, seed);
        for (int step = 1; step <= filling + counted; step++) {
            loop.step(step, step > filling);
        }
        return loop.prediction(filling, counted);
    }

    private void step(int step, boolean isCounted) {
        int samples = model.settings().samples();
        int[] tokens = new int[samples];
        long all = 0;
        for (int i = 0; i < samples; i++) {
            tokens[i] = (int) Math.max(1, Math.round(model.completion().draw(seed, step, i)));
            all += tokens[i];
        }
        double start = Math.max(
                waveEnd, learned[Math.max(0, step - 1 - model.settings().maxStaleness())]);
        WaveSimulation.Outcome wave = WaveSimulation.run(model, fleet, start, tokens);
        waveEnd = wave.last();
        double ready = Math.max(wave.last(), rewarded(step, wave.ends()));
        long prompts = (long) model.settings().prompts() * model.promptTokens();
        double train = model.times().trainPerToken() * (all + prompts);
        learned[step] = Math.max(ready, learned[step - 1]) + train;
        if (isCounted) {
            double published = Math.min(wave.published(), wave.last());
            sums.publish += published - start;
            sums.sampling += wave.last() - published;
            sums.reward += ready - wave.last();
            sums.train += train;
            sums.tokens += all;
            sums.redone += wave.redone();
        }
    }

    /** When the last reward of a wave is there. */
    private double rewarded(int step, double[] ends) {
        Amount reward = model.times().reward();
        if (reward.mean() == 0) {
            return 0;
        }
        int[] order = byEnd(ends);
        double last = 0;
        for (int i : order) {
            double begin = Math.max(ends[i], judges.remove());
            double end = begin + reward.draw(seed ^ REWARDS, step, i);
            judges.add(end);
            last = Math.max(last, end);
        }
        return last;
    }

    private static int[] byEnd(double[] ends) {
        Integer[] order = new Integer[ends.length];
        Arrays.setAll(order, i -> i);
        Arrays.sort(order, (a, b) -> Double.compare(ends[a], ends[b])); // stable, so ties go by number
        return Arrays.stream(order).mapToInt(Integer::intValue).toArray();
    }

    private Prediction prediction(int filling, int counted) {
        double from = learned[filling];
        double to = learned[filling + counted];
        double seconds = to - from;
        LoopModel.require(seconds > 0, "nothing takes any time; give at least one time above 0");
        int workers = fleet.size();
        return new Prediction(
                model,
                seconds / counted,
                (double) counted * model.settings().samples() / seconds,
                sums.tokens / seconds,
                Math.clamp(1 - fleet.busy(from, to) / (workers * seconds), 0.0, 1.0),
                Math.clamp(1 - sums.train / seconds, 0.0, 1.0),
                sums.publish / counted,
                sums.sampling / counted,
                sums.reward / counted,
                sums.train / counted,
                (double) sums.redone / sums.tokens,
                counted);
    }
}
