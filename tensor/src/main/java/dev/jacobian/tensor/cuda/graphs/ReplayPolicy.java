// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.cuda.graphs;

import dev.jacobian.tensor.Replays;

/**
 * What differs between uses of {@link CudaReplays}.
 *
 * @param what is replayed, for a warning
 * @param kept graphs: as many as take turns
 * @param dispensable whether a graph is closed where memory is short. Whether it still is there must then be asked before a launch,
 *     which waits for the dispatcher
 */
record ReplayPolicy(String what, int kept, boolean dispensable) {
    static ReplayPolicy of(Replays.Use use) {
        return switch (use) {
            case TRAINING -> new ReplayPolicy("training", 2, true); // a last micro-batch may have lengths of its own
            case DECODING -> new ReplayPolicy("decoding", 4, false); // batches that grow in pages while they lose rows
        };
    }
}
