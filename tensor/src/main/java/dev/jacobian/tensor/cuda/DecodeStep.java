// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.cuda;

import dev.jacobian.tensor.KvCache.DecodePass;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.tensor.Workspace;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * A step of decoding of one shape: computed, then captured, then replayed.
 *
 * <p>Decisions: the first step runs as it is; it loads kernels, lets cuBLAS choose, converts weights, and is often the only
 * one. The second is captured. A pass is recorded on the caller's thread first and captured as one task, so what other
 * threads ask of the device does not get into the graph. A driver that refuses is asked once in the process: a warning, and
 * steps run as they are from then on, graphs captured before included.
 */
final class DecodeStep {
    private static final Logger LOG = System.getLogger("dev.jacobian.tensor.cuda");
    private static final AtomicBoolean REFUSED = new AtomicBoolean();

    private final CudaEngine engine;
    private final Workspace.Scope memory;
    private final DecodeInputs inputs;
    private final boolean captures;
    private Tensor result; // [rows, D] of every replay; null before the first step
    private boolean captured;
    private CudaGraph graph; // touched on the dispatcher's thread only

    DecodeStep(CudaEngine engine, Workspace.Scope memory, DecodeInputs inputs, boolean captures) {
        this.engine = engine;
        this.memory = memory;
        this.inputs = inputs;
        this.captures = captures;
    }

    /** Whether a driver refused to capture a step. */
    static boolean isRefused() {
        return REFUSED.get();
    }

    /** Asks again: for tests. */
    static void forgetRefusal() {
        REFUSED.set(false);
    }

    DecodeInputs inputs() {
        return inputs;
    }

    /**
     * Computes the step.
     *
     * @param packed the step's {@link DecodeInputs#pack inputs}; not changed after
     * @return [rows, D], good until the next step
     */
    Tensor run(int[] packed, DecodePass pass) {
        engine.post(() ->
                engine.upload(MemorySegment.ofArray(packed), inputs.array().block(), 0));
        if (!captures || REFUSED.get()) {
            return compute(pass);
        }
        if (result == null) {
            Tensor first = compute(pass); // [rows, D]
            result = memory.tensor(engine.device(), first.dtype(), first.shape());
            return first;
        }
        if (!captured && !capture(pass)) {
            return compute(pass);
        }
        engine.post(() -> graph.launch());
        return result;
    }

    private Tensor compute(DecodePass pass) {
        return engine.placed(
                inputs.places(), () -> pass.compute(inputs.tokens(), inputs.positions(), inputs.sequences()));
    }

    private boolean capture(DecodePass pass) {
        RuntimeException refusal;
        try {
            Runnable work =
                    engine.context().dispatcher().record(() -> Workspace.inner(() -> result.copyFrom(compute(pass))));
            refusal = engine.context().dispatcher().call(() -> {
                try {
                    graph = CudaGraph.capture(engine, work);
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
            return false; // this step goes without; there may be room at the next
        }
        if (!captured && !REFUSED.getAndSet(true)) {
            LOG.log(
                    Level.WARNING,
                    "decoding on " + engine.device() + " goes on without CUDA graphs, one launch after another: "
                            + refusal.getMessage() + "; -Djacobian.cuda.graphs=false asks for this without a warning");
        }
        return captured;
    }

    /** Gives the graph and its memory up; steps under way are completed. */
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
        memory.release(inputs.array());
        if (result != null) {
            memory.release(result.deviceArray());
        }
    }
}
