// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.IntConsumer;

/**
 * The threads that kernels run on: a fixed set of daemon platform threads, never the common pool.
 *
 * <p>Decisions: the caller works too, so one thread means no other thread at all. Tasks of a region write disjoint outputs
 * and each output is computed by one task, so results do not depend on the number of threads or on who takes which task.
 * Waiting threads spin for some microseconds, because regions follow each other closely; then they yield, because on a busy
 * machine the thread with the work may wait for this very core; then they park. A region started
 * while another one runs (from another thread, or from inside a task) runs on its caller alone: slower, never wrong.
 *
 * <p>The size is {@code jacobian.threads} or the processors that the JVM sees (container limits included), and can be
 * changed at any time with {@link #setThreads}.
 */
public final class ComputePool {
    /** Turns of waiting on the processor: some microseconds. */
    private static final int SPINS = 500;

    /** After these, turns of offering it to others: a tenth of a millisecond. */
    private static final int YIELDS = 200;

    private static final ReentrantLock REGION = new ReentrantLock();
    private static volatile Worker[] workers = new Worker[0];
    private static volatile int threads = initialThreads();

    private ComputePool() {}

    private static int initialThreads() {
        int threads =
                Integer.getInteger("jacobian.threads", Runtime.getRuntime().availableProcessors());
        if (threads < 1) {
            throw new IllegalArgumentException("jacobian.threads is " + threads + "; need at least 1");
        }
        return threads;
    }

    /** Number of threads that a region uses, the caller's included. */
    public static int threads() {
        return threads;
    }

    /** Sets the number of threads, the caller's included; at least 1. */
    public static void setThreads(int count) {
        if (count < 1) {
            throw new IllegalArgumentException("need at least 1 thread, got " + count);
        }
        REGION.lock();
        try {
            for (Worker worker : workers) {
                worker.stop();
            }
            workers = new Worker[0];
            threads = count;
        } finally {
            REGION.unlock();
        }
    }

    /** Runs {@code task} for 0, 1, … {@code tasks} − 1 and returns when all are done; rethrows the first failure. */
    public static void run(int tasks, IntConsumer task) {
        if (tasks <= 1 || threads == 1 || REGION.isHeldByCurrentThread() || !REGION.tryLock()) {
            for (int i = 0; i < tasks; i++) {
                task.accept(i);
            }
            return;
        }
        try {
            if (workers.length != threads - 1) {
                workers = new Worker[threads - 1];
                for (int i = 0; i < workers.length; i++) {
                    workers[i] = new Worker(i + 1);
                }
            }
            Region region = new Region(tasks, task);
            int helpers = Math.min(workers.length, tasks - 1);
            for (int i = 0; i < helpers; i++) {
                workers[i].start(region);
            }
            region.work();
            region.await();
        } finally {
            REGION.unlock();
        }
    }

    private static void waitTurn(int turn, Object blocker) {
        if (turn >= 0 && turn < SPINS) {
            Thread.onSpinWait();
        } else if (turn >= 0 && turn < SPINS + YIELDS) {
            Thread.yield();
        } else {
            LockSupport.park(blocker);
        }
    }

    /** One parallel loop: a counter of tasks taken, a counter of tasks done. */
    private static final class Region {
        private final int tasks;
        private final IntConsumer task;
        private final AtomicInteger next = new AtomicInteger();
        private final AtomicInteger done = new AtomicInteger();
        private final Thread caller = Thread.currentThread();
        private volatile @Nullable Throwable failure;

        Region(int tasks, IntConsumer task) {
            this.tasks = tasks;
            this.task = task;
        }

        void work() {
            int index;
            while ((index = next.getAndIncrement()) < tasks) {
                try {
                    task.accept(index);
                } catch (Throwable thrown) {
                    if (failure == null) {
                        failure = thrown;
                    }
                }
                if (done.incrementAndGet() == tasks) {
                    LockSupport.unpark(caller);
                }
            }
        }

        void await() {
            int spins = 0;
            while (done.get() < tasks) {
                waitTurn(spins++, this);
            }
            if (failure instanceof RuntimeException exception) {
                throw exception;
            }
            if (failure instanceof Error error) {
                throw error;
            }
        }
    }

    private static final class Worker {
        private final Thread thread;
        private final AtomicReference<Region> region = new AtomicReference<>();
        private volatile boolean stopped;

        Worker(int number) {
            thread = new Thread(this::loop, "jacobian-compute-" + number);
            thread.setDaemon(true);
            thread.start();
        }

        void start(Region next) {
            region.set(next);
            LockSupport.unpark(thread);
        }

        void stop() {
            stopped = true;
            LockSupport.unpark(thread);
        }

        private void loop() {
            int spins = 0;
            while (!stopped) {
                // Taken out, so that a finished region does not keep its tensors alive.
                Region next = region.get() == null ? null : region.getAndSet(null);
                if (next != null) {
                    spins = 0;
                    next.work();
                } else {
                    waitTurn(spins++, this);
                }
            }
        }
    }
}
