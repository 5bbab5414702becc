// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.rollout;

import dev.jacobian.rl.environment.Session;
import java.io.IOException;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;

/**
 * Asks environments on threads of their own, each within a deadline; what they answer is taken on the thread that drives.
 *
 * <p>Decisions: the time of a call begins when it has a place, so that a long queue is nobody's failure. A call that does not end in
 * time is interrupted and left to itself, on a daemon thread; its place is free again. What it brings too late, or when nobody takes it
 * any more because the run failed, is handed back to be closed.
 *
 * <p>All methods are for the thread that drives.
 */
final class EnvironmentCalls implements AutoCloseable {
    private final ExecutorService workers = Executors.newCachedThreadPool(
            Thread.ofPlatform().daemon().name("environment-", 0).factory());
    private final ExecutorService watchers = Executors.newVirtualThreadPerTaskExecutor();
    private final ExecutorService closers = Executors.newVirtualThreadPerTaskExecutor();
    private final Semaphore places;
    private final BlockingQueue<Delivery> answers = new LinkedBlockingQueue<>();
    private final long nanos;
    private int pending;

    /**
     * @param seconds that a call may take
     * @param atOnce calls under way at a time
     */
    EnvironmentCalls(double seconds, int atOnce) {
        this.places = new Semaphore(atOnce);
        this.nanos = (long) (seconds * 1e9);
    }

    /**
     * What came of a call: one of the two.
     *
     * @param value what it returned
     * @param failure what went wrong, as the end of a sentence
     */
    record Answer<T>(Optional<T> value, String failure) {}

    /**
     * An answer on its way.
     *
     * @param take it
     * @param drop it, where nobody takes it any more
     */
    private record Delivery(Runnable take, Runnable drop) {}

    /**
     * Asks.
     *
     * @param work never null in what it returns
     * @param then takes the answer when the driver {@linkplain #take takes} it
     * @param late takes what comes after the deadline, and what nobody took, on another thread
     */
    <T> void ask(Callable<T> work, Consumer<Answer<T>> then, Consumer<T> late) {
        pending++;
        watchers.execute(() -> {
            Delivery delivery;
            try {
                Answer<T> answer = within(work, late);
                delivery = new Delivery(
                        () -> then.accept(answer), () -> answer.value().ifPresent(late));
            } catch (Error broken) { // of the machine rather than of the environment: the run ends
                delivery = new Delivery(
                        () -> {
                            throw broken;
                        },
                        () -> {});
            }
            answers.add(delivery);
        });
    }

    /** Closes a session within the deadline; its failure is nobody's. */
    void close(Session session) {
        closers.execute(() -> within(
                () -> {
                    session.close();
                    return true;
                },
                closed -> {}));
    }

    private <T> Answer<T> within(Callable<T> work, Consumer<T> late) {
        AtomicBoolean isDecided = new AtomicBoolean();
        try {
            places.acquire();
        } catch (InterruptedException e) {
            return new Answer<>(Optional.empty(), "was not asked, because the run ends");
        }
        try {
            Future<T> result = workers.submit(() -> {
                T value = work.call();
                if (isDecided.getAndSet(true)) {
                    var _ = Thread.startVirtualThread(
                            () -> late.accept(value)); // this one may be interrupted at any time
                }
                return value;
            });
            try {
                return answer(result.get(nanos, TimeUnit.NANOSECONDS));
            } catch (TimeoutException e) {
                if (isDecided.getAndSet(true)) {
                    return answer(result.get()); // in the last moment
                }
                result.cancel(true);
                return new Answer<>(Optional.empty(), "did not answer within " + nanos / 1e9 + " s");
            } catch (InterruptedException e) {
                if (isDecided.getAndSet(true)) {
                    return answer(result.get()); // it is there already
                }
                result.cancel(true);
                return new Answer<>(Optional.empty(), "was interrupted, because the run ends");
            }
        } catch (ExecutionException e) {
            return switch (e.getCause()) {
                case StackOverflowError deep -> new Answer<>(Optional.empty(), "threw " + deep);
                case AssertionError wrong -> new Answer<>(Optional.empty(), "threw " + wrong);
                case Error broken -> throw broken;
                case IOException lost
                when lost.getMessage() != null -> new Answer<>(Optional.empty(), "failed: " + lost.getMessage());
                case null, default -> new Answer<>(Optional.empty(), "threw " + e.getCause());
            };
        } catch (InterruptedException e) {
            return new Answer<>(Optional.empty(), "was interrupted, because the run ends");
        } finally {
            places.release();
        }
    }

    private static <T> Answer<T> answer(T value) {
        return value == null ? new Answer<>(Optional.empty(), "answered null") : new Answer<>(Optional.of(value), "");
    }

    /** Calls without an answer that was taken. */
    int pending() {
        return pending;
    }

    /** Takes the answers that are there; waits for one first if told to. */
    void take(boolean wait) {
        try {
            Delivery next = wait && pending > 0 ? answers.take() : answers.poll();
            while (next != null) {
                pending--;
                next.take().run();
                next = answers.poll();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while environments were asked", e);
        }
    }

    /** Ends what is under way, where answers are missing because the run failed; sessions can be closed afterwards. */
    void stop() {
        watchers.shutdownNow();
        watchers.close(); // they end as soon as they are interrupted
        for (Delivery left = answers.poll(); left != null; left = answers.poll()) {
            closers.execute(left.drop());
        }
    }

    /** Waits for sessions that close, each within its deadline, also on a thread that is interrupted. */
    @Override
    public void close() {
        stop();
        closers.shutdown();
        boolean interrupted = Thread.interrupted();
        boolean ended = false;
        while (!ended) {
            try {
                ended = closers.awaitTermination(1, TimeUnit.DAYS);
            } catch (InterruptedException e) {
                interrupted = true; // to interrupt them too would leave sessions open
            }
        }
        workers.shutdownNow();
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
