// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.cuda.graphs;

import dev.jacobian.tensor.Backend;
import dev.jacobian.tensor.Backends;
import dev.jacobian.tensor.cuda.engine.CudaEngine;
import dev.jacobian.tensor.cuda.engine.Switches;

/**
 * What the process has chosen beside the shape of a computation: with other choices other kernels run, and a graph of the
 * former ones is not theirs.
 *
 * @param captured whether graphs are wanted: by the system property {@code jacobian.cuda.graphs}, and unless a flight recording
 *     is to see every kernel
 */
record GraphMode(boolean fixedOrder, boolean tf32, boolean captured) {
    /** The mode of this moment. */
    static GraphMode now(Backend backend, CudaEngine engine, boolean wanted) {
        boolean recorded = Backends.of(engine.device()) != backend;
        return new GraphMode(Backends.isBatchInvariant(), Backends.isTf32Allowed(), wanted && !recorded);
    }

    /** The system property {@code jacobian.cuda.graphs}: {@code true} (the default) or {@code false}. */
    static boolean isWanted() {
        return Switches.isOn("jacobian.cuda.graphs");
    }
}
