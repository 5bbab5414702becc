// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.cuda.driver;

import dev.jacobian.tensor.Nullable;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Queue;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.locks.LockSupport;

/**
 * The one thread that talks to a device.
 *
 * <p>A context belongs to operating system threads, so device calls from wherever they happen would each have to set it, and
 * virtual threads would lose it. One platform thread owns it instead, and its order is the program's order.
 *
 * <p>{@link #call} waits for the answer. {@link #post} does not, and its failure is thrown by the next call: nothing is
 * lost. What was posted after the failure and before that call is left out, since it builds on what failed. All run at once
 * when the caller is the thread itself.
 *
 * <p>What a thread posts can also be {@linkplain #record recorded}, to be run later as one task that nobody else's comes into.
 *
 * <p>Waking a sleeping thread takes some microseconds, as long as several launches. So where there are cores to spare the
 * thread spins a little before it sleeps, and so does a caller that waits for an answer.
 */
public final class Dispatcher implements AutoCloseable {
    private static final boolean SPINS = Runtime.getRuntime().availableProcessors() >= 4;
    private static final long SPIN_FOR_WORK_NANOS = SPINS ? 50_000 : 0;
    private static final long SPIN_FOR_ANSWER_NANOS = SPINS ? 1_000_000 : 0;

    private final String name;
    private final Thread thread;
    private final Queue<Runnable> tasks = new ConcurrentLinkedQueue<>(); // added to under its lock only
    private final ThreadLocal<List<Recorded>> recording = new ThreadLocal<>();
    private volatile boolean closed;
    private volatile boolean asleep;
    private final RuntimeException unsaid; // made in time
    private @Nullable RuntimeException posted; // touched by the thread only

    /** A task that was posted while its thread recorded, and whether it runs after a failure too. */
    private record Recorded(Runnable task, boolean always) {}

    /** Thrown where recorded work wants an answer: it would get it before it ran. */
    public static final class WaitInRecording extends IllegalStateException {
        private static final long serialVersionUID = 1L;

        WaitInRecording(String name) {
            super("work that is recorded for later waits for " + name);
        }
    }

    Dispatcher(String name) {
        this.name = name;
        this.unsaid = new CudaException(name + " failed and could not say how; is the heap full? Give it more: -Xmx");
        this.thread = Thread.ofPlatform().daemon().name(name).unstarted(this::work);
        thread.start();
    }

    private void work() {
        for (Runnable task = next(); task != null; task = next()) {
            try {
                task.run();
            } catch (Throwable escaped) { // keeping a failure takes memory, and there may be none
                posted = posted == null ? unsaid : posted;
            }
        }
    }

    /** The next task, waited for; null when there will be no more. */
    private @Nullable Runnable next() {
        long begin = 0;
        while (true) {
            boolean last = closed; // read first: what was added before it is still found below
            Runnable task = tasks.poll();
            if (task != null || last) {
                return task;
            }
            long now = System.nanoTime();
            begin = begin == 0 ? now : begin;
            if (now - begin < SPIN_FOR_WORK_NANOS) {
                Thread.onSpinWait();
                continue;
            }
            asleep = true;
            if (tasks.isEmpty() && !closed) { // looked at again, now that whoever adds sees the flag
                LockSupport.park(this);
            }
            asleep = false;
        }
    }

    /** Whether the caller is the dispatcher's thread. */
    boolean isCurrent() {
        return Thread.currentThread() == thread;
    }

    /** Throws unless the caller is the dispatcher's thread. */
    public void requireCurrent() {
        if (!isCurrent()) {
            throw new IllegalStateException(
                    "device call on thread " + Thread.currentThread().getName() + "; it belongs on " + name);
        }
    }

    /**
     * Runs a task and returns its result. An interrupt does not end the wait, since the device's work cannot be taken back;
     * it is kept for the caller.
     *
     * @throws IllegalStateException if the dispatcher is closed
     */
    public <T> T call(Callable<T> task) {
        if (isCurrent()) {
            return run(task);
        }
        if (recording.get() != null) {
            throw new WaitInRecording(name);
        }
        FutureTask<T> answer = new FutureTask<>(() -> {
            throwPosted();
            return run(task);
        });
        submit(answer);
        return await(answer);
    }

    /** {@link #run} also after a failure of what was posted, which is thrown then: for closing. */
    public void runAlways(Runnable task) {
        if (isCurrent()) {
            task.run();
            return;
        }
        FutureTask<Void> answer = new FutureTask<>(() -> {
            try {
                task.run();
            } finally {
                throwPosted();
            }
            return null;
        });
        submit(answer);
        await(answer);
    }

    private static <T> T await(FutureTask<T> answer) {
        long begin = System.nanoTime();
        while (!answer.isDone() && System.nanoTime() - begin < SPIN_FOR_ANSWER_NANOS) {
            Thread.onSpinWait();
        }
        boolean interrupted = false;
        try {
            while (true) {
                try {
                    return answer.get();
                } catch (InterruptedException interrupt) {
                    interrupted = true;
                } catch (ExecutionException failure) {
                    throw rethrown(Objects.requireNonNull(failure.getCause()));
                }
            }
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    /** {@link #call} of a task without a result. */
    public void run(Runnable task) {
        call(() -> {
            task.run();
            return null;
        });
    }

    /**
     * Runs a task some time later, after all before it, unless one of them failed.
     *
     * @throws IllegalStateException if the dispatcher is closed
     */
    public void post(Runnable task) {
        if (isCurrent()) {
            task.run();
        } else if (!isRecorded(task, false)) {
            submit(() -> {
                if (posted == null) {
                    runKeeping(task);
                }
            });
        }
    }

    /** The same, also after a failure: for what gives back rather than computes. */
    public void postAlways(Runnable task) {
        if (isCurrent()) {
            task.run();
        } else if (!isRecorded(task, true)) {
            submit(() -> runKeeping(task));
        }
    }

    private boolean isRecorded(Runnable task, boolean always) {
        List<Recorded> recorded = recording.get();
        if (recorded != null) {
            recorded.add(new Recorded(task, always));
        }
        return recorded != null;
    }

    /**
     * Runs a body on this thread and keeps what it posts instead of handing it over.
     *
     * @return what was posted as one task; if part of it fails, only what was posted with {@link #postAlways} runs after
     */
    public Runnable record(Runnable body) {
        if (isCurrent() || recording.get() != null) {
            throw new IllegalStateException("recording on " + name + " within a task or another recording");
        }
        List<Recorded> recorded = new ArrayList<>();
        recording.set(recorded);
        try {
            body.run();
        } finally {
            recording.remove();
        }
        return () -> runAll(recorded);
    }

    private static void runAll(List<Recorded> recorded) {
        RuntimeException failure = null;
        for (Recorded one : recorded) {
            if (failure == null || one.always) {
                try {
                    one.task.run();
                } catch (RuntimeException failed) {
                    failure = failure == null ? failed : failure;
                }
            }
        }
        if (failure != null) {
            throw failure;
        }
    }

    /** Runs a posted task and keeps its failure for the next call. */
    private void runKeeping(Runnable task) {
        try {
            task.run();
        } catch (RuntimeException failure) {
            keep(failure);
        } catch (Error failure) {
            keep(new CudaException(String.valueOf(failure), failure));
        }
    }

    private void keep(RuntimeException failure) {
        if (posted == null) {
            posted = failure;
        } else if (posted != failure) {
            posted.addSuppressed(failure);
        }
    }

    private void submit(Runnable task) {
        synchronized (tasks) { // so that nothing is added once the thread may have ended
            if (closed) {
                throw new IllegalStateException(name + " is closed");
            }
            tasks.add(task);
        }
        if (asleep) {
            LockSupport.unpark(thread);
        }
    }

    private void throwPosted() {
        RuntimeException failure = posted;
        posted = null;
        if (failure != null) {
            throw failure;
        }
    }

    private static <T> T run(Callable<T> task) {
        try {
            return task.call();
        } catch (RuntimeException failure) {
            throw failure;
        } catch (Exception failure) {
            throw new CudaException(String.valueOf(failure.getMessage()), failure);
        }
    }

    /** The failure as the dispatcher's thread threw it, with the waiting caller's stack beside it. */
    private static RuntimeException rethrown(Throwable cause) {
        cause.addSuppressed(new CallerStack());
        if (cause instanceof Error error) {
            throw error;
        }
        return (RuntimeException) cause;
    }

    /** Ends the thread after everything that was handed over, and waits for that unless called on the thread itself. */
    @Override
    public void close() {
        synchronized (tasks) {
            closed = true;
        }
        LockSupport.unpark(thread);
        boolean interrupted = false;
        while (!isCurrent() && thread.isAlive()) {
            try {
                thread.join();
            } catch (InterruptedException interrupt) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    /** Where a failed call came from. */
    private static final class CallerStack extends Exception {
        CallerStack() {
            super("called from here");
        }
    }
}
