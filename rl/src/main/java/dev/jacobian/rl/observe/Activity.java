// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.observe;

import java.util.List;
import java.util.Optional;
import java.util.TreeSet;
import java.util.function.Supplier;

/**
 * What a run is doing at this moment: what is sampled, what waits for its rewards, what is learned from. Written by the run's threads, and
 * read by whoever wants to show it ({@link TrainingListener#onStart}), at any time, from any thread; nothing that a run computes looks here.
 */
public final class Activity {
    private Optional<Sampling> sampling = Optional.empty();
    private final TreeSet<Integer> scoring = new TreeSet<>();
    private Optional<Training> training = Optional.empty();
    private Supplier<List<String>> others = List::of;

    /**
     * Samples that are drawn.
     *
     * @param rollout for which rollout, from 1
     * @param weights rollouts that the weights have been trained on which draw them
     * @param done samples that have ended, or wait for a later rollout
     * @param of samples that were asked for
     */
    public record Sampling(int rollout, int weights, int done, int of) {}

    /**
     * What the thread that trains does.
     *
     * @param work waiting, learning, measuring or saving
     * @param rollout from which rollout it learns, or for which it waits; 0 where it is about none
     */
    public record Training(Span.Work work, int rollout) {}

    /**
     * All of it.
     *
     * @param sampling what is sampled; empty for nothing
     * @param scoring rollouts that are sampled and wait for rewards
     * @param training what the thread that trains does beside; empty while it samples or asks for rewards itself
     * @param others what others do for the run elsewhere, a line for each
     */
    public record Now(
            Optional<Sampling> sampling, List<Integer> scoring, Optional<Training> training, List<String> others) {}

    /** What is done now. */
    public Now now() {
        Supplier<List<String>> elsewhere;
        synchronized (this) {
            elsewhere = others;
        }
        List<String> lines = elsewhere.get(); // not with the monitor held: it is somebody else's
        synchronized (this) {
            return new Now(sampling, List.copyOf(scoring), training, lines);
        }
    }

    /** Tells who knows what others do for the run elsewhere, a line for each; asked whenever somebody looks. */
    public synchronized void beside(Supplier<List<String>> lines) {
        others = lines;
    }

    /** Samples are drawn from now on. */
    public synchronized void sampling(int rollout, int weights, int of) {
        sampling = Optional.of(new Sampling(rollout, weights, 0, of));
    }

    /** One of them has ended. */
    public synchronized void ended() {
        sampling = sampling.map(s -> new Sampling(s.rollout(), s.weights(), s.done() + 1, s.of()));
    }

    /** All of them have, and wait for their rewards. */
    public synchronized void sampled() {
        sampling.ifPresent(done -> scoring.add(done.rollout()));
        sampling = Optional.empty();
    }

    /** A rollout has its rewards, or will not be asked for them. */
    public synchronized void scored(int rollout) {
        scoring.remove(rollout);
    }

    /** The thread that trains does something. */
    public synchronized void training(Span.Work work, int rollout) {
        training = Optional.of(new Training(work, rollout));
    }

    /** The thread that trains has done it. */
    public synchronized void trained() {
        training = Optional.empty();
    }
}
