// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl;

import dev.jacobian.rl.config.AsyncConfig;
import dev.jacobian.rl.observe.Span;
import dev.jacobian.tensor.Nullable;
import dev.jacobian.tensor.Workspace;
import dev.jacobian.transformer.CausalLM;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

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
 *   <li><b>What is computed does not depend on when.</b> The weights of a batch follow from its number. Batches are made in order, and all
 *       that decides about them (curriculum, buffer) sees them in order. So a run with delays, with other threads or in pieces has the bits
 *       of one without.
 *   <li>One thread samples, and goes on with the next batch while another asks for rewards, if nothing that is sampled next depends on
 *       them ({@link Collector#foresees}); otherwise it waits for them.
 *   <li>Kernels are safe on several threads at once, and have the same bits there: each thread has its own workspace, and who finds the
 *       threads of {@link dev.jacobian.tensor.ComputePool} taken computes alone.
 * </ul>
 */
final class BatchesAhead implements Batches {
    /** How long an end waits for threads: they look between waves. */
    private static final Duration GRACE = Duration.ofSeconds(5);

    private final Collector collector;
    private final SamplingWeights weights;
    private final CausalLM model;
    private final AsyncConfig async;
    private final int last;
    private final boolean foresees;
    private final Thread sampler;
    private final Thread scorer;

    // Guarded by this
    private final Deque<Batch> ready = new ArrayDeque<>();
    private final Deque<Sampled> sampled = new ArrayDeque<>();
    private final Map<Integer, Span> switches = new HashMap<>(); // to the weights of each batch that is being made
    private int learned;
    private int begun;
    private int made;
    private @Nullable Throwable failure; // null while all is well
    private boolean closed;

    /** A batch that waits for its rewards. */
    private record Sampled(int number, int weights, Span.Timed<Collector.Wave> wave) {}

    /**
     * Begins at once.
     *
     * @param weights that {@code collector}'s rollouts sample with; those of version {@code learned} are kept already
     * @param learned rollouts that the model has been trained on
     * @param made batches that were made before and wait
     * @param last the run's last batch
     */
    BatchesAhead(
            Collector collector,
            SamplingWeights weights,
            CausalLM model,
            AsyncConfig async,
            int learned,
            List<Batch> made,
            int last) {
        this.collector = collector;
        this.weights = weights;
        this.model = model;
        this.async = async;
        this.last = last;
        this.foresees = collector.foresees();
        this.learned = learned;
        this.begun = learned + made.size();
        this.made = begun;
        ready.addAll(made);
        sampler = Thread.ofPlatform().daemon().name("jacobian-sampler").unstarted(() -> work(this::sampleAll));
        scorer = Thread.ofPlatform().daemon().name("jacobian-scorer").unstarted(() -> work(this::scoreAll));
        sampler.start();
        scorer.start();
    }

    /** The last batch whose weights are there. */
    private int allowed() {
        return Math.min(last, learned + 1 + async.maxStaleness());
    }

    private int weightsOf(int batch) {
        return Math.max(0, batch - 1 - async.maxStaleness());
    }

    // The trainer's side

    @Override
    public synchronized Batch next() {
        await(() -> !ready.isEmpty());
        return ready.remove();
    }

    @Override
    public void learned(int rollouts) {
        if (rollouts + 1 + async.maxStaleness() <= last) {
            weights.keep(rollouts, model);
        }
        synchronized (this) {
            learned = rollouts;
            notifyAll();
        }
    }

    @Override
    public synchronized List<Batch> settle() {
        await(() -> made == allowed());
        return List.copyOf(ready);
    }

    @Override
    public void close() {
        synchronized (this) {
            closed = true;
            sampled.forEach(one -> one.wave.result().giveUp());
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
        for (int batch = begin(); batch > 0; batch = begin()) {
            int number = batch;
            int from = weightsOf(number);
            switched(Span.of(Span.Work.SWITCHING, number, () -> {
                        weights.load(from);
                        collector.publish(weights.policy(), collector.version(from));
                        return from;
                    })
                    .span());
            if (foresees) {
                sampled(new Sampled(
                        number,
                        from,
                        Span.of(
                                Span.Work.SAMPLING,
                                number,
                                () -> workspace.compute(() -> collector.sample(number, from)))));
            } else {
                made(workspace.compute(() -> collector.collect(number, from)));
            }
        }
    }

    private void scoreAll() throws InterruptedException {
        Workspace workspace = new Workspace();
        for (Sampled next = toScore(); next != null; next = toScore()) {
            Sampled one = next;
            made(workspace.compute(
                    () -> collector.finish(one.number, one.weights, one.wave.result(), one.wave.span())));
        }
    }

    /** Waits until the next batch may be begun; 0 at the end. */
    private synchronized int begin() throws InterruptedException {
        while (!closed && begun < last && !(begun < allowed() && begun - made < async.inflight())) {
            wait();
        }
        return closed || begun == last ? 0 : ++begun;
    }

    private synchronized void switched(Span span) {
        switches.put(span.rollout(), span);
    }

    private synchronized void sampled(Sampled batch) {
        if (closed) {
            batch.wave.result().giveUp();
            return;
        }
        sampled.add(batch);
        notifyAll();
    }

    private synchronized @Nullable Sampled toScore() throws InterruptedException {
        while (!closed && sampled.isEmpty() && made < last) {
            wait();
        }
        return closed ? null : sampled.poll();
    }

    private synchronized void made(Batch batch) {
        ready.add(batch.with(Objects.requireNonNull(switches.remove(batch.number()))));
        made = batch.number();
        notifyAll();
    }
}
