// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.cuda.graphs;

import dev.jacobian.tensor.KvCache.DecodePass;
import dev.jacobian.tensor.Nullable;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.tensor.Workspace;
import dev.jacobian.tensor.cuda.engine.CudaEngine;
import java.lang.foreign.MemorySegment;

/**
 * A step of decoding of one shape: computed, then captured, then replayed.
 *
 * <p>The first step runs as it is; it loads kernels, lets cuBLAS choose, converts weights, and is often the only one. The
 * second is captured. A shape that finds too little memory for that goes without from then on: to look for memory takes longer
 * than a graph saves.
 */
public final class DecodeStep {
    private final CudaEngine engine;
    private final Workspace.Scope memory;
    private final DecodeInputs inputs;
    private final boolean captures;
    private final CapturedWork work;
    private @Nullable Tensor result; // [rows, D] of every replay; null before the first step
    private boolean inVain; // whether there was too little memory to capture it

    DecodeStep(CudaEngine engine, Workspace.Scope memory, DecodeInputs inputs, boolean captures) {
        this.engine = engine;
        this.memory = memory;
        this.inputs = inputs;
        this.captures = captures;
        this.work = new CapturedWork(engine, "decoding", false);
    }

    public DecodeInputs inputs() {
        return inputs;
    }

    /**
     * Computes the step.
     *
     * @param packed the step's {@link DecodeInputs#pack inputs}; not changed after
     * @return [rows, D], good until the next step
     */
    public Tensor run(int[] packed, DecodePass pass) {
        engine.post(() ->
                engine.upload(MemorySegment.ofArray(packed), inputs.array().block(), 0));
        if (!captures || inVain || CapturedWork.isRefused()) {
            return compute(pass);
        }
        Tensor replayed = result;
        if (replayed == null) {
            Tensor first = compute(pass); // [rows, D]
            result = memory.tensor(engine.device(), first.dtype(), first.shape());
            return first;
        }
        if (!work.isCaptured() && !work.capture(() -> replayed.copyFrom(compute(pass)))) {
            inVain = true;
            return compute(pass);
        }
        work.launch();
        return replayed;
    }

    private Tensor compute(DecodePass pass) {
        return engine.placed(
                inputs.places(), () -> pass.compute(inputs.tokens(), inputs.positions(), inputs.sequences()));
    }

    /** Gives the graph and its memory up; steps under way are completed. */
    void close() {
        work.close();
        memory.release(inputs.array());
        if (result != null) {
            memory.release(result.deviceArray());
        }
    }
}
