// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl;

import dev.jacobian.rl.observe.Span;
import dev.jacobian.rl.rollout.RolloutTask;
import dev.jacobian.tensor.Nullable;
import dev.jacobian.tensor.Workspace;
import dev.jacobian.transformer.CausalLM;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Consumer;

/**
 * Batches that are made while others are learned from.
 *
 * <pre>
 * batch b is sampled with the weights after rollout max(0, b − 1 − S)      S = max_staleness
 *
 * sampling   | 1 | 2 |     3 |     4 |
 * rewards        | 1  | 2  |  | 3  |  | 4
 * learning            |  1  | 2 |     | 3 |                              S = 1
 * </pre>
 *
 * <p>Decisions:
 *
 * <ul>
 *   <li><b>What is computed does not depend on when.</b> It follows from a few {@link Decision}s: which weights sample a batch, and which batch
 *       is learned from next. By default both follow from the batches' numbers ({@link Decisions.ByNumber}). In free mode the clock makes
 *       them ({@link Decisions.ByClock}); then they are written down before anything follows from them, and a run that takes them from there
 *       ({@link Decisions.FromFile}) has the same bits. So a run with delays, with other threads or in pieces has the bits of one without.
 *   <li>What decides about problems and groups (curriculum, buffer) sees batches in the order in which they are learned from.
 *   <li>One thread samples, and goes on with the next batch while another asks for rewards, if nothing that is sampled next depends on
 *       them ({@link Collector#foresees}); otherwise it waits for them.
 *   <li>Kernels are safe on several threads at once, and have the same bits there: each thread has its own workspace, and who finds the
 *       threads of {@link dev.jacobian.tensor.ComputePool} taken computes alone.
 * </ul>
 */
final class BatchesAhead implements Batches {
    /** How long an end waits for threads: they look between waves. */
    private static final Duration GRACE = Duration.ofSeconds(5);

    /** How often it is looked which rewards are there, where batches may overtake each other. */
    private static final long LOOK_MILLIS = 5;

    private final Collector collector;
    private final SamplingWeights weights;
    private final CausalLM model;
    private final Decisions decisions;
    private final Consumer<Decision> log;
    private final Duration patience;
    private final boolean foresees;
    private final Thread sampler;
    private final Thread scorer;

    // Guarded by this
    private final Schedule decided;
    private final Deque<Batch> ready = new ArrayDeque<>();
    private final NavigableMap<Integer, Sampled> sampled = new TreeMap<>();
    private final Map<Integer, List<RolloutTask.Request>> drawn = new HashMap<>(); // of batches that may be thrown away
    private int learned;
    private int made;
    private boolean settling;
    private @Nullable Throwable failure; // null while all is well
    private boolean closed;

    /**
     * A batch that waits for its rewards.
     *
     * @param number of its draw
     * @param before what else was done for it: waiting for its weights, and putting them in place
     * @param wave its samples
     */
    private record Sampled(int number, int weights, List<Span> before, Span.Timed<Collector.Wave> wave) {}

    /**
     * A batch that is scored.
     *
     * @param place its number among those that are learned from
     * @param dropped batches that are too old once it is learned from
     */
    private record Placed(Sampled sampled, int place, int dropped) {}

    /**
     * What is made.
     *
     * @param rules what decisions keep to
     * @param decisions who makes them
     * @param log is shown each before anything follows from it
     * @param patience how long the rewards of a batch may take, behind its last sample, before it is no longer overtaken by others; zero for
     *     as long as they like
     */
    record Making(Schedule.Rules rules, Decisions decisions, Consumer<Decision> log, Duration patience) {}

    /**
     * Begins at once.
     *
     * @param weights that {@code collector}'s rollouts sample with; those of version {@code learned} are kept already
     * @param learned rollouts that the model has been trained on
     * @param made batches that were made before and wait
     */
    BatchesAhead(
            Collector collector,
            SamplingWeights weights,
            CausalLM model,
            Making making,
            int learned,
            List<Batch> made) {
        this.collector = collector;
        this.weights = weights;
        this.model = model;
        this.decisions = making.decisions();
        this.log = making.log();
        this.patience = making.patience();
        this.foresees = collector.foresees();
        this.learned = learned;
        this.made = learned + made.size();
        this.decided = new Schedule(making.rules(), learned, this.made);
        ready.addAll(made);
        sampler = Thread.ofPlatform().daemon().name("jacobian-sampler").unstarted(() -> work(this::sampleAll));
        scorer = Thread.ofPlatform().daemon().name("jacobian-scorer").unstarted(() -> work(this::scoreAll));
        sampler.start();
        scorer.start();
    }

    private Decisions.Moment moment() {
        int begun = decided.begun() - decided.lost().size();
        return new Decisions.Moment(decided, learned, begun - made, settling);
    }

    private synchronized boolean isAllBegun() {
        return decided.isAllBegun();
    }

    private void decide(Decision decision) {
        decided.apply(decision);
        log.accept(decision);
    }

    // The trainer's side

    @Override
    public synchronized Batch next() {
        await(() -> !ready.isEmpty());
        return ready.remove();
    }

    @Override
    public void learned(int rollouts) {
        if (!isAllBegun()) {
            weights.keep(rollouts, model);
        }
        synchronized (this) {
            learned = rollouts;
            settling = false;
            notifyAll();
        }
    }

    @Override
    public synchronized List<Batch> settle() {
        settling = true;
        notifyAll();
        await(() -> decisions.isSettled(moment()));
        decisions.saved(learned + 1).ifPresent(this::decide);
        return List.copyOf(ready);
    }

    @Override
    public void close() {
        synchronized (this) {
            closed = true;
            sampled.values().forEach(one -> one.wave.result().giveUp());
            notifyAll();
        }
        scorer.interrupt(); // they may wait for rewards or an environment; who computes looks when a wave is done
        sampler.interrupt();
        boolean interrupted = Thread.interrupted();
        try {
            scorer.join(GRACE);
            sampler.join(GRACE);
        } catch (InterruptedException e) {
            interrupted = true;
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private interface Condition {
        boolean holds();
    }

    /** Waits; with the monitor held. */
    private void await(Condition condition) {
        try {
            while (!condition.holds()) {
                if (failure instanceof Error error) {
                    throw error;
                }
                if (failure instanceof RuntimeException exception) {
                    throw exception;
                }
                wait();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while samples were drawn", e);
        }
    }

    // The makers' side

    private interface Work {
        void run() throws InterruptedException;
    }

    private void work(Work work) {
        try {
            work.run();
        } catch (InterruptedException e) {
            fail(new IllegalStateException("a thread that makes batches was interrupted", e));
        } catch (RuntimeException | Error e) {
            fail(e);
        }
    }

    /** Ends the run with the first failure; behind the end there is none. */
    private synchronized void fail(Throwable cause) {
        if (!closed && failure == null) {
            failure = cause;
            notifyAll();
        }
    }

    private void sampleAll() throws InterruptedException {
        Workspace workspace = new Workspace();
        long idle = System.nanoTime();
        for (Optional<Decision.Sample> begun = begin(); begun.isPresent(); begun = begin()) {
            Decision.Sample next = begun.get();
            Span waited = new Span(Span.Work.IDLE, next.rollout(), idle, System.nanoTime());
            int from = next.weights();
            Span switched = Span.of(Span.Work.SWITCHING, next.rollout(), () -> {
                        weights.load(from);
                        collector.publish(weights.policy(), collector.version(from));
                        return from;
                    })
                    .span();
            List<Span> before = List.of(waited, switched);
            if (foresees) {
                sampled(new Sampled(
                        next.rollout(),
                        from,
                        before,
                        Span.of(Span.Work.SAMPLING, next.rollout(), () -> workspace.compute(() -> wave(next)))));
            } else {
                made(workspace
                        .compute(() -> collector.collect(next.rollout(), from))
                        .with(before));
            }
            idle = System.nanoTime();
        }
    }

    private Collector.Wave wave(Decision.Sample next) {
        List<RolloutTask.Request> again = drawnBefore(next.rollout());
        return again.isEmpty()
                ? collector.sample(next.rollout(), next.weights())
                : collector.sample(next.rollout(), next.weights(), again);
    }

    private synchronized List<RolloutTask.Request> drawnBefore(int number) {
        return drawn.getOrDefault(number, List.of());
    }

    private void scoreAll() throws InterruptedException {
        Workspace workspace = new Workspace();
        for (Optional<Placed> next = toScore(); next.isPresent(); next = toScore()) {
            Sampled one = next.get().sampled;
            int place = next.get().place;
            Batch batch =
                    workspace.compute(() -> collector.finish(place, one.weights, one.wave.result(), one.wave.span()));
            collector.activity().scored(one.number);
            made((decided.rules().drops() ? batch.with("staleness/dropped", next.get().dropped) : batch)
                    .with(one.before));
        }
    }

    /** Waits until the next batch is to begin; empty at the end. */
    private synchronized Optional<Decision.Sample> begin() throws InterruptedException {
        while (!closed && !decided.isAllBegun()) {
            Optional<Decision.Sample> next = decisions.sample(moment());
            if (next.isPresent()) {
                decide(next.get());
                notifyAll();
                return next;
            }
            wait();
        }
        return Optional.empty();
    }

    private synchronized void sampled(Sampled batch) {
        boolean drops = decided.rules().drops();
        if (drops) {
            drawn.computeIfAbsent(batch.number, number -> batch.wave.result().requests());
        }
        if (closed || drops && !decided.isOpen(batch.number)) { // it became too old meanwhile
            giveUp(batch);
            return;
        }
        sampled.put(batch.number, batch);
        notifyAll();
    }

    /** Waits until a batch has its place and is to be scored; empty at the end. */
    private synchronized Optional<Placed> toScore() throws InterruptedException {
        while (!closed && made < decided.rules().last()) {
            Optional<Placed> next = decided.rules().drops() ? placed() : first();
            if (next.isPresent()) {
                notifyAll();
                return next;
            }
            if (decided.rules().drops() && !sampled.isEmpty()) {
                wait(LOOK_MILLIS); // for rewards, which tell nobody
            } else {
                wait();
            }
        }
        return Optional.empty();
    }

    private Optional<Placed> first() {
        return Optional.ofNullable(sampled.pollFirstEntry())
                .map(entry -> new Placed(entry.getValue(), entry.getKey(), 0));
    }

    private Optional<Placed> placed() {
        return decisions
                .learn(moment(), List.copyOf(sampled.keySet()), this::isRewarded)
                .map(decision -> {
                    int before = decided.lost().size();
                    decide(decision);
                    Sampled one = Objects.requireNonNull(sampled.remove(decision.rollout()));
                    drawn.remove(decision.rollout());
                    decided.lost()
                            .forEach(number ->
                                    Optional.ofNullable(sampled.remove(number)).ifPresent(this::giveUp));
                    return new Placed(one, decided.placed(), decided.lost().size() - before);
                });
    }

    /** Whether a batch has its rewards, or has had its time for them: who scores it finds out which are late. */
    private boolean isRewarded(int number) {
        Sampled one = Objects.requireNonNull(sampled.get(number));
        boolean late = !patience.isZero() && System.nanoTime() - one.wave.span().end() > patience.toNanos();
        return late || one.wave.result().isAnswered();
    }

    private void giveUp(Sampled batch) {
        batch.wave.result().giveUp();
        collector.activity().scored(batch.number);
    }

    private synchronized void made(Batch batch) {
        ready.add(batch);
        made = batch.number();
        notifyAll();
    }
}
