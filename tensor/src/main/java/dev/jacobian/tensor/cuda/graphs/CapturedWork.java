// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.cuda.graphs;

import dev.jacobian.tensor.Nullable;
import dev.jacobian.tensor.Workspace;
import dev.jacobian.tensor.cuda.driver.CudaException;
import dev.jacobian.tensor.cuda.driver.Dispatcher;
import dev.jacobian.tensor.cuda.engine.CudaEngine;
import dev.jacobian.tensor.cuda.engine.CudaGraph;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Work of a fixed shape as a {@link CudaGraph}, seen from the thread that asks for it.
 *
 * <p>Decisions: a body is recorded on the caller's thread first and captured as one task, so what other threads ask of the
 * device does not get into the graph. A driver that refuses is asked once in the process: a warning, and work runs as it is
 * from then on, what was captured before included. Too little memory is no refusal.
 */
public final class CapturedWork {
    private static final Logger LOG = System.getLogger("dev.jacobian.tensor.cuda");
    private static final AtomicBoolean REFUSED = new AtomicBoolean();

    private final CudaEngine engine;
    private final String what;
    private final boolean dispensable;
    private boolean captured;
    private @Nullable CudaGraph graph; // touched on the dispatcher's thread only

    /**
     * Work that was not captured yet.
     *
     * @param what it is, for the warning, such as {@code decoding}
     * @param dispensable whether the engine may close the graph where memory is short
     */
    CapturedWork(CudaEngine engine, String what, boolean dispensable) {
        this.engine = engine;
        this.what = what;
        this.dispensable = dispensable;
    }

    /** Whether a driver refused to capture work. */
    static boolean isRefused() {
        return REFUSED.get();
    }

    /** Asks again: for tests. */
    public static void forgetRefusal() {
        REFUSED.set(false);
    }

    boolean isCaptured() {
        return captured;
    }

    /** Captures what a body asks for, without running it; false if that cannot be done now, or ever if {@link #isRefused}. */
    boolean capture(Runnable body) {
        RuntimeException refusal;
        try {
            Runnable work = engine.context().dispatcher().record(() -> Workspace.inner(body));
            refusal = engine.context().dispatcher().call(() -> {
                try {
                    graph = CudaGraph.capture(engine, work, dispensable);
                    return null;
                } catch (CudaException refused) {
                    return refused; // not thrown: a failure of earlier work is, and is no refusal
                }
            });
        } catch (Dispatcher.WaitInRecording waits) {
            refusal = waits;
        }
        captured = refusal == null;
        if (refusal instanceof CudaException tight && tight.isOutOfMemory()) {
            return false;
        }
        if (!captured && !REFUSED.getAndSet(true)) {
            LOG.log(
                    Level.WARNING,
                    what + " on " + engine.device() + " goes on without CUDA graphs, one launch after another: "
                            + refusal.getMessage() + "; -Djacobian.cuda.graphs=false asks for this without a warning");
        }
        return captured;
    }

    /**
     * Runs the work, some time later, after an upload of what it reads.
     *
     * @return false, and nothing is done, if the graph was dispensable and is closed because memory was short, or is too short
     *     to launch it
     */
    boolean launch(Runnable upload) {
        if (!dispensable) {
            engine.post(() -> {
                upload.run();
                Objects.requireNonNull(graph).launch();
            });
            return true;
        }
        return engine.context().dispatcher().call(() -> graph != null && !graph.isClosed() && launched(graph, upload));
    }

    private static boolean launched(CudaGraph graph, Runnable upload) {
        upload.run();
        try {
            graph.launch();
            return true;
        } catch (CudaException tooLittle) {
            if (!tooLittle.isOutOfMemory()) {
                throw tooLittle;
            }
            graph.close();
            return false;
        }
    }

    /** Gives the graph and its memory up; launches under way are completed. */
    void close() {
        try {
            engine.context().dispatcher().postAlways(() -> {
                if (graph != null) {
                    graph.close();
                }
            });
        } catch (IllegalStateException deviceClosed) {
            // closing the device closed the graph
        }
    }
}
