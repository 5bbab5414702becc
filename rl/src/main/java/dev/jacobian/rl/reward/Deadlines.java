// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.reward;

import dev.jacobian.tensor.Nullable;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ThreadFactory;
import java.util.function.Supplier;

/**
 * Runs calls at once, some at a time, each with a deadline of its own; results in the order of the calls.
 *
 * <p>Decisions:
 *
 * <ul>
 *   <li>A deadline counts from when a call begins, not from when it was asked for: waiting for one's turn is nobody's fault.
 *   <li>A call that is past it is written off: its result is {@link TimedOut} whatever it still returns, its thread is interrupted, and
 *       another thread takes its place, so that one call that hangs holds up nobody.
 *   <li>Java cannot end a thread that does not listen. Such threads must not accumulate: once more than {@value #MOST_DEAF} of them go on
 *       {@value #GRACE_MILLIS} ms after they were interrupted, {@link DeafException} ends the matter. They are daemons, and die with the
 *       process.
 * </ul>
 *
 * <p>Safe for use by one thread at a time; the threads that were written off are remembered from one run to the next.
 */
final class Deadlines {
    /** Threads that ignore their interruption and are borne. */
    static final int MOST_DEAF = 3;

    /** How long a thread has to end after it was interrupted. */
    static final int GRACE_MILLIS = 1000;

    private final List<Thread> writtenOff = new ArrayList<>();

    /** What became of a call. */
    sealed interface Outcome<T> {}

    /** It returned. */
    record Done<T>(T value) implements Outcome<T> {}

    /** It was written off. */
    record TimedOut<T>() implements Outcome<T> {}

    /** It threw what no caller can make a result of, such as an OutOfMemoryError. */
    private record Threw<T>(Throwable thrown) implements Outcome<T> {}

    /** Calls that were written off go on all the same. */
    static final class DeafException extends RuntimeException {
        private static final long serialVersionUID = 1L;

        DeafException(int threads) {
            super(threads + " calls went on after they had been told to stop");
        }
    }

    /**
     * Runs calls.
     *
     * @param width how many at once
     * @param deadline of each; empty for none
     * @param threads makes the threads
     * @return one for each call, in order; {@link Done} or {@link TimedOut}
     * @throws DeafException if too many calls go on past their deadline
     */
    <T> List<Outcome<T>> run(List<Supplier<T>> calls, int width, Duration deadline, ThreadFactory threads) {
        Batch<T> batch = new Batch<>(width, deadline, threads);
        calls.forEach(batch::add);
        return await(batch);
    }

    /**
     * Waits for calls that were begun before.
     *
     * @return one for each call, in the order in which they were added; {@link Done} or {@link TimedOut}
     * @throws DeafException if too many calls go on past their deadline
     */
    <T> List<Outcome<T>> await(Batch<T> batch) {
        try {
            List<Outcome<T>> outcomes = batch.await(this::writeOff);
            for (Outcome<T> outcome : outcomes) {
                if (outcome instanceof Threw<T>(Throwable thrown)) {
                    if (thrown instanceof Error error) {
                        throw error;
                    }
                    throw new IllegalStateException(thrown);
                }
            }
            return outcomes;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while rewards were computed", e);
        } finally {
            batch.close();
        }
    }

    private void writeOff(Thread thread) throws InterruptedException {
        thread.interrupt();
        writtenOff.removeIf(before -> !before.isAlive());
        writtenOff.add(thread);
        long end = System.nanoTime() + GRACE_MILLIS * 1_000_000L;
        while (writtenOff.size() > MOST_DEAF) {
            if (System.nanoTime() > end) {
                throw new DeafException(writtenOff.size());
            }
            writtenOff.getFirst().join(10);
            writtenOff.removeIf(before -> !before.isAlive());
        }
    }

    /** Does something with a thread that may take a while. */
    @FunctionalInterface
    private interface WriteOff {
        void accept(Thread thread) throws InterruptedException;
    }

    /**
     * Calls that are run together, and begun as soon as they are added and it is their turn. Nobody looks at the clock before they are
     * awaited: one that hangs keeps its place until then. All fields are guarded by its monitor.
     */
    static final class Batch<T> {
        private final int width;
        private final Duration deadline;
        private final ThreadFactory threads;
        private final List<Supplier<T>> calls = new ArrayList<>();
        private final List<Slot<T>> slots = new ArrayList<>();
        private int workers;
        private int next;
        private int done;

        /** A call and where it is. */
        private static final class Slot<T> {
            private @Nullable Thread thread;
            private long begin;
            private @Nullable Outcome<T> outcome;
        }

        Batch(int width, Duration deadline, ThreadFactory threads) {
            this.width = width;
            this.deadline = deadline;
            this.threads = threads;
        }

        /** One more call. */
        synchronized void add(Supplier<T> call) {
            calls.add(call);
            slots.add(new Slot<>());
            if (workers < width) {
                workers++;
                threads.newThread(this::work).start();
            }
        }

        private List<Outcome<T>> await(WriteOff writeOff) throws InterruptedException {
            for (List<Thread> late = awaitOrLate(); !late.isEmpty(); late = awaitOrLate()) {
                for (Thread thread : late) {
                    threads.newThread(this::work).start(); // in its place
                    writeOff.accept(thread);
                }
            }
            synchronized (this) {
                List<Outcome<T>> outcomes = new ArrayList<>();
                for (Slot<T> slot : slots) {
                    if (slot.outcome != null) {
                        outcomes.add(slot.outcome);
                    }
                }
                return outcomes;
            }
        }

        /** Returns when all is done, with nothing, or when calls are past their deadline, with their threads. */
        private synchronized List<Thread> awaitOrLate() throws InterruptedException {
            while (done < calls.size()) {
                List<Thread> late = new ArrayList<>();
                long wait = Long.MAX_VALUE;
                for (Slot<T> slot : slots.subList(0, next)) {
                    if (slot.outcome == null && slot.thread != null && !deadline.isZero()) {
                        long left = deadline.toNanos() - (System.nanoTime() - slot.begin);
                        if (left <= 0) {
                            slot.outcome = new TimedOut<>();
                            late.add(slot.thread);
                            done++;
                        } else {
                            wait = Math.min(wait, left);
                        }
                    }
                }
                if (!late.isEmpty()) {
                    return late;
                }
                // A call that begins while this waits has its whole deadline before it, so waiting for one is enough.
                wait(
                        wait == Long.MAX_VALUE && deadline.isZero()
                                ? 0
                                : Math.min(deadline.toMillis(), wait / 1_000_000) + 1);
            }
            return List.of();
        }

        private void work() {
            for (int i = take(); i >= 0; i = take()) {
                Outcome<T> outcome;
                try {
                    outcome = new Done<>(call(i).get());
                } catch (Throwable thrown) { // it is thrown again where the calls were asked for
                    outcome = new Threw<>(thrown);
                }
                if (!finish(i, outcome)) {
                    return; // written off, and replaced
                }
            }
        }

        /** The next call; negative if there is none. */
        private synchronized int take() {
            if (next >= calls.size()) {
                workers--;
                return -1;
            }
            Slot<T> slot = slots.get(next);
            slot.thread = Thread.currentThread();
            slot.begin = System.nanoTime();
            return next++;
        }

        private synchronized Supplier<T> call(int i) {
            return calls.get(i);
        }

        private synchronized boolean finish(int i, Outcome<T> outcome) {
            Slot<T> slot = slots.get(i);
            if (slot.outcome != null) {
                return false;
            }
            boolean late = !deadline.isZero() && System.nanoTime() - slot.begin > deadline.toNanos();
            slot.outcome = late && outcome instanceof Done<T> ? new TimedOut<>() : outcome;
            slot.thread = null;
            done++;
            if (done == calls.size()) {
                notifyAll(); // nobody waits for less, and deadlines need no news
            }
            return true;
        }

        /** Nothing more is begun, and what runs is told to stop. */
        synchronized void close() {
            next = calls.size();
            for (Slot<T> slot : slots) {
                if (slot.outcome == null && slot.thread != null) {
                    slot.thread.interrupt();
                }
            }
        }
    }
}
