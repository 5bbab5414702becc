// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.cuda;

import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;

/**
 * The one thread that talks to a device.
 *
 * <p>A context belongs to operating system threads, so device calls from wherever they happen would each have to set it, and
 * virtual threads would lose it. One platform thread owns it instead, and its order is the program's order. Handing over
 * costs some microseconds, a launch a fraction of one: so hand over a whole step, not a call.
 *
 * <p>{@link #call} waits for the answer. {@link #post} does not, and its failure is thrown by the next call: nothing is
 * lost. What was posted after the failure and before that call is left out, since it builds on what failed. All run at once
 * when the caller is the thread itself.
 */
final class Dispatcher implements AutoCloseable {
    private final ExecutorService executor;
    private final String name;
    private volatile Thread thread;
    private RuntimeException posted; // touched by the thread only

    Dispatcher(String name) {
        this.name = name;
        this.executor = Executors.newSingleThreadExecutor(task -> {
            thread = Thread.ofPlatform().daemon().name(name).unstarted(task);
            return thread;
        });
    }

    /** Whether the caller is the dispatcher's thread. */
    boolean isCurrent() {
        return Thread.currentThread() == thread;
    }

    /** Throws unless the caller is the dispatcher's thread. */
    void requireCurrent() {
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
    <T> T call(Callable<T> task) {
        if (isCurrent()) {
            return run(task);
        }
        Future<T> future = submit(() -> {
            throwPosted();
            return run(task);
        });
        boolean interrupted = false;
        try {
            while (true) {
                try {
                    return future.get();
                } catch (InterruptedException interrupt) {
                    interrupted = true;
                } catch (ExecutionException failure) {
                    throw rethrown(failure.getCause());
                }
            }
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    /** {@link #call} of a task without a result. */
    void run(Runnable task) {
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
    void post(Runnable task) {
        postAlways(
                isCurrent()
                        ? task
                        : () -> {
                            if (posted == null) {
                                task.run();
                            }
                        });
    }

    /** The same, also after a failure: for what gives back rather than computes. */
    void postAlways(Runnable task) {
        if (isCurrent()) {
            task.run();
            return;
        }
        var unused = submit(() -> {
            try {
                task.run();
            } catch (RuntimeException failure) {
                keep(failure);
            } catch (Error failure) {
                keep(new CudaException(String.valueOf(failure), failure));
            }
            return null;
        });
    }

    private void keep(RuntimeException failure) {
        if (posted == null) {
            posted = failure;
        } else {
            posted.addSuppressed(failure);
        }
    }

    private <T> Future<T> submit(Callable<T> task) {
        try {
            return executor.submit(task);
        } catch (RejectedExecutionException closed) {
            throw new IllegalStateException(name + " is closed", closed);
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
        if (isCurrent()) {
            executor.shutdown();
        } else {
            executor.close();
        }
    }

    /** Where a failed call came from. */
    private static final class CallerStack extends Exception {
        CallerStack() {
            super("called from here");
        }
    }
}
