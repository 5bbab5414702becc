// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor;

import java.util.Arrays;
import java.util.List;
import java.util.function.UnaryOperator;

/**
 * Computations that come again, which a device may capture and replay, and what they must ask for so that it can. By itself
 * it is the CPU's: what comes again is computed again.
 */
public interface Replaying {
    /** The CPU's. */
    Replaying BY_COMPUTING = new Replaying() {};

    /** What replays computations that come again; by itself it just computes them. Closed by the caller. */
    default Replays newReplays(Replays.Use use) {
        return new Replays() {
            @Override
            public Tensor run(
                    Object shape, Object constants, List<int[]> integers, float[] numbers, UnaryOperator<Tensor> body) {
                return Workspace.keepResult(() -> body.apply(Tensor.of(numbers, numbers.length)));
            }

            @Override
            public void close() {}
        };
    }

    /**
     * Whether a computation may read numbers back to decide how it goes on. Not in a body of {@link Replays} on a device,
     * which is replayed with other numbers.
     */
    default boolean readsBack() {
        return true;
    }

    /** Integers {@code from} to {@code to} of an array, for kernels: in a body of {@link Replays} they change with the array's. */
    default int[] part(int[] integers, int from, int to) {
        return Arrays.copyOfRange(integers, from, to);
    }
}
