// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.reward;

import dev.jacobian.tensor.Nullable;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
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
     * @return one for each call, in order; {@link Done} or {@link TimedOut}
     * @throws DeafException if too many calls go on past their deadline
     */
    <T> List<Outcome<T>> run(List<Supplier<T>> calls, Lane lane) {
        Batch<T> batch = new Batch<>(lane);
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
     * What bounds calls of one function: so many at once, begun in the order in which they were added, whichever batches they belong to. So
     * a batch that is asked about early does not take places from one that was asked about before. Its monitor guards all that belongs to it,
     * batches included.
     */
    static final class Lane {
        private final int width;
        private final Duration deadline;
        private final ThreadFactory threads;
        private final Deque<Slot<?>> waiting = new ArrayDeque<>();
        private final List<Slot<?>> running = new ArrayList<>();
        private int workers;

        /**
         * An empty one.
         *
         * @param width how many calls at once
         * @param deadline of each; zero for none
         * @param threads makes the threads
         */
        Lane(int width, Duration deadline, ThreadFactory threads) {
            this.width = width;
            this.deadline = deadline;
            this.threads = threads;
        }

        private synchronized void add(Slot<?> slot) {
            waiting.add(slot);
            if (workers < width) {
                workers++;
                threads.newThread(this::work).start();
            }
        }

        private void work() {
            for (Slot<?> slot = take(); slot != null; slot = take()) {
                if (!slot.call()) {
                    return; // written off, and replaced
                }
            }
        }

        /** The next call; null if there is none. */
        private synchronized @Nullable Slot<?> take() {
            Slot<?> slot = waiting.poll();
            if (slot == null) {
                workers--;
                return null;
            }
            running.add(slot);
            slot.thread = Thread.currentThread();
            slot.begin = System.nanoTime();
            return slot;
        }

        /**
         * Threads of calls that are past their deadline, in whichever batch, since one that hangs keeps others from their turn; their calls
         * are written off.
         */
        private List<Thread> late() {
            List<Thread> late = new ArrayList<>();
            for (Slot<?> slot : List.copyOf(running)) {
                if (slot.thread != null && left(slot) <= 0) {
                    late.add(slot.thread);
                    slot.timedOut();
                }
            }
            return late;
        }

        /** Nanoseconds until a deadline passes. */
        private long untilLate() {
            return running.stream().mapToLong(this::left).min().orElse(Long.MAX_VALUE);
        }

        private long left(Slot<?> slot) {
            return deadline.isZero() ? Long.MAX_VALUE : deadline.toNanos() - (System.nanoTime() - slot.begin);
        }
    }

    /** A call and where it is. */
    private static final class Slot<T> {
        private final Batch<T> batch;
        private final Supplier<T> call;
        private @Nullable Thread thread; // while it runs
        private long begin;
        private @Nullable Outcome<T> outcome;

        Slot(Batch<T> batch, Supplier<T> call) {
            this.batch = batch;
            this.call = call;
        }

        /** Makes it; false if it was written off meanwhile. */
        private boolean call() {
            Outcome<T> is;
            try {
                is = new Done<>(call.get());
            } catch (Throwable thrown) { // it is thrown again where the calls were asked for
                is = new Threw<>(thrown);
            }
            synchronized (batch.lane) {
                if (outcome != null) {
                    return false;
                }
                end(batch.lane.left(this) <= 0 && is instanceof Done<T> ? new TimedOut<>() : is);
            }
            Thread.interrupted(); // if its batch was closed, that was meant for this call and not for the thread's next
            return true;
        }

        private void timedOut() {
            end(new TimedOut<>());
        }

        /** With the lane's monitor held. */
        private void end(Outcome<T> with) {
            outcome = with;
            thread = null;
            batch.lane.running.remove(this);
            batch.done++;
            if (batch.done == batch.slots.size()) {
                batch.lane.notifyAll(); // nobody waits for less, and deadlines need no news
            }
        }
    }

    /**
     * Calls that are awaited together, and begun as soon as they are added and it is their turn. Nobody looks at the clock while nobody waits:
     * one that hangs keeps its place until then.
     */
    static final class Batch<T> {
        private final Lane lane;
        private final List<Slot<T>> slots = new ArrayList<>();
        private int done;

        Batch(Lane lane) {
            this.lane = lane;
        }

        /** One more call. */
        void add(Supplier<T> call) {
            synchronized (lane) {
                Slot<T> slot = new Slot<>(this, call);
                slots.add(slot);
                lane.add(slot);
            }
        }

        /** Whether every call so far has an outcome. */
        boolean isDone() {
            synchronized (lane) {
                return done == slots.size();
            }
        }

        private List<Outcome<T>> await(WriteOff writeOff) throws InterruptedException {
            for (List<Thread> late = awaitOrLate(); !late.isEmpty(); late = awaitOrLate()) {
                for (Thread thread : late) {
                    lane.threads.newThread(lane::work).start(); // in its place
                    writeOff.accept(thread);
                }
            }
            synchronized (lane) {
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
        private List<Thread> awaitOrLate() throws InterruptedException {
            synchronized (lane) {
                while (done < slots.size()) {
                    List<Thread> late = lane.late();
                    if (!late.isEmpty()) {
                        return late;
                    }
                    // A call that begins while this waits has its whole deadline before it, so waiting for one is
                    // enough.
                    lane.wait(
                            lane.deadline.isZero()
                                    ? 0
                                    : Math.min(lane.deadline.toMillis(), lane.untilLate() / 1_000_000) + 1);
                }
                return List.of();
            }
        }

        /** Nothing more is begun, and what runs is told to stop. */
        void close() {
            synchronized (lane) {
                lane.waiting.removeAll(slots);
                for (Slot<T> slot : slots) {
                    if (slot.outcome == null && slot.thread != null) {
                        slot.thread.interrupt();
                    }
                }
            }
        }
    }
}
