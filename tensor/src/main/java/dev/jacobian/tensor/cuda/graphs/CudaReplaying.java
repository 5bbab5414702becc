// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.cuda.graphs;

import dev.jacobian.tensor.Backend;
import dev.jacobian.tensor.Replaying;
import dev.jacobian.tensor.Replays;
import dev.jacobian.tensor.cuda.engine.CudaEngine;

/** Graphs for computations that come again. */
public final class CudaReplaying implements Replaying {
    private final Backend backend;
    private final CudaEngine engine;

    public CudaReplaying(Backend backend, CudaEngine engine) {
        this.backend = backend;
        this.engine = engine;
    }

    @Override
    public Replays newReplays(Replays.Use use) {
        return new CudaReplays(backend, engine, ReplayPolicy.of(use));
    }

    @Override
    public boolean readsBack() {
        return !engine.isPlaced();
    }

    @Override
    public int[] part(int[] integers, int from, int to) {
        return engine.part(integers, from, to);
    }
}
