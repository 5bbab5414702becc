// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.cuda.graphs;

import dev.jacobian.tensor.Nullable;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.tensor.cuda.engine.CudaEngine;
import java.util.List;
import java.util.function.UnaryOperator;

/** A computation of one shape that {@link CudaReplays} captures when it is first run here, and replays after that. */
final class ReplayStep {
    private final CudaEngine engine;
    private final ReplayInputs inputs;
    private final CapturedWork work;
    private @Nullable Tensor result; // of every replay; null before the capture
    private long lastRun;

    ReplayStep(CudaEngine engine, ReplayInputs inputs, ReplayPolicy policy) {
        this.engine = engine;
        this.inputs = inputs;
        this.work = new CapturedWork(engine, policy.what(), policy.dispensable());
    }

    /** Remembers when it was last asked for. */
    void usedIn(long run) {
        lastRun = run;
    }

    long lastRun() {
        return lastRun;
    }

    /** The result, good until the next run; null, with nothing done, if the work is not, or no longer, captured. */
    @Nullable
    Tensor run(List<int[]> integers, float[] numbers, UnaryOperator<Tensor> body) {
        if (!work.isCaptured()
                && !work.capture(() ->
                        result = engine.placed(inputs.places(integers), () -> body.apply(inputs.numbers()))
                                .copy())) {
            return null;
        }
        return work.launch(inputs.upload(integers, numbers)) ? result : null;
    }

    /** Gives the graph and all memory up; replays under way are completed. */
    void close() {
        work.close();
        inputs.close();
        if (result != null) {
            result.close();
        }
    }
}
