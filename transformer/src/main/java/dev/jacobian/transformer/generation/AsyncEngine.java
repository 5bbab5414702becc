// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer.generation;

import dev.jacobian.tensor.Nullable;
import dev.jacobian.transformer.CausalLM;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicLong;

/**
 * An {@link Engine} for many threads: requests come from any of them, and one thread of its own drives the model.
 *
 * <pre>{@code
 * try (AsyncEngine engine = new AsyncEngine(model, EngineConfig.DEFAULT)) {
 *     Submission submission = engine.submit(request.withListener(listener));
 *     List<Generation> answers = submission.result().join();
 * }
 * }</pre>
 *
 * <p>Decisions: bad requests are refused in the thread that makes them, before they wait. Too many that wait are refused, because a
 * queue without an end only hides that. The model must not be trained meanwhile.
 */
public final class AsyncEngine implements AutoCloseable {
    private final Engine engine;
    private final Thread driver;
    private final AtomicLong submissions = new AtomicLong();
    private volatile boolean cancelling;
    private final Queue<Submission> inbox = new ArrayDeque<>(); // guarded by this, as all below
    private final Queue<PromptScore> scores = new ArrayDeque<>();
    private EngineMetrics metrics;
    private boolean closing;
    private @Nullable Throwable failure;

    /** Starts a thread that waits for requests. */
    public AsyncEngine(CausalLM model, EngineConfig config) {
        engine = new Engine(model, config);
        metrics = engine.metrics();
        driver = Thread.ofPlatform().name("jacobian-engine").daemon().unstarted(this::drive);
        driver.start();
    }

    /**
     * Takes a request on, behind all others.
     *
     * @throws IllegalArgumentException if the model cannot do it
     * @throws NeverFitsException if it would not fit into the cache even alone
     * @throws IllegalStateException if the engine is closed or has failed
     * @throws RejectedExecutionException if too many wait already
     */
    public Submission submit(GenerationRequest request) {
        Submission submission = engine.submission(request, submissions.getAndIncrement());
        engine.check(submission);
        synchronized (this) {
            requireRoom();
            inbox.add(submission);
            notifyAll();
        }
        return submission;
    }

    /**
     * The log-probabilities of all tokens of a prompt but the first. A caller that does not want them any more cancels the future.
     *
     * @param temperature that logits are divided by
     * @param top how many of the likeliest tokens are told in the place of each
     * @throws IllegalArgumentException if the model cannot do it
     * @throws NeverFitsException if it would not fit into the cache even alone
     * @throws IllegalStateException if the engine is closed or has failed
     * @throws RejectedExecutionException if too many wait already
     */
    public CompletableFuture<List<TokenScore>> score(int[] prompt, float temperature, int top) {
        PromptScore score = new PromptScore(prompt, temperature, top);
        engine.check(prompt);
        synchronized (this) {
            requireRoom();
            scores.add(score);
            notifyAll();
        }
        return score.result();
    }

    private void requireRoom() {
        if (failure != null) {
            throw new IllegalStateException("the engine has failed; make another one", failure);
        }
        if (closing) {
            throw new IllegalStateException("the engine is closed; it takes no more requests");
        }
        int ahead = inbox.size() + scores.size() + engine.waitingRequests();
        if (ahead >= engine.config().maxWaiting()) {
            throw new RejectedExecutionException(
                    ahead + " requests wait already, which is max_waiting; ask again later");
        }
    }

    /** What it was doing after its last step. */
    public synchronized EngineMetrics metrics() {
        return metrics;
    }

    /** What broke it, if something has: then it answers nothing any more. */
    public synchronized Optional<Throwable> failure() {
        return Optional.ofNullable(failure);
    }

    private void drive() {
        try (engine) {
            boolean busy = false;
            while (busy || awaitWork()) {
                handOver();
                if (cancelling) {
                    engine.cancelAll();
                }
                busy = engine.step();
                EngineMetrics now = engine.metrics();
                synchronized (this) {
                    metrics = now;
                }
            }
        } catch (Throwable broken) {
            failEverybody(broken);
        }
    }

    /** Waits for a request; whether there is one. */
    private synchronized boolean awaitWork() throws InterruptedException {
        while (inbox.isEmpty() && scores.isEmpty() && !closing) {
            wait();
        }
        return !inbox.isEmpty() || !scores.isEmpty();
    }

    private synchronized void handOver() {
        inbox.forEach(engine::take);
        inbox.clear();
        scores.forEach(engine::take);
        scores.clear();
    }

    private synchronized void failEverybody(Throwable broken) {
        failure = broken;
        inbox.forEach(submission -> submission.fail(broken));
        inbox.clear();
        scores.forEach(score -> score.fail(broken));
        scores.clear();
        engine.failAll(broken);
    }

    /** Refuses new requests, waits until all others have ended, and ends the thread. */
    @Override
    public void close() {
        close(Duration.ofMillis(Long.MAX_VALUE));
    }

    /** The same, but cancels those that have not ended after a while. */
    public void close(Duration patience) {
        synchronized (this) {
            closing = true;
            notifyAll();
        }
        if (Thread.currentThread() == driver) {
            return; // a listener's wish: the thread ends when all have
        }
        try {
            if (!driver.join(patience)) {
                cancelling = true;
                driver.join();
            }
        } catch (InterruptedException stop) {
            cancelling = true;
            Thread.currentThread().interrupt();
        }
    }
}
