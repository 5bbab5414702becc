// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.autograd;

import dev.jacobian.tensor.Segments;
import dev.jacobian.tensor.Tensor;
import java.util.List;

/** Checks of states that operations continue. */
final class States {
    private States() {}

    /**
     * Refuses states that are not one for each segment, and any at all where gradients are recorded.
     *
     * @param shape of each
     */
    static void require(String operation, List<Tensor> states, Segments segments, int... shape) {
        if (!NoGrad.isActive()) {
            throw new IllegalStateException(
                    operation + " that continues states has no gradient; run generation inside NoGrad");
        }
        if (states.size() != segments.count()) {
            throw new IllegalArgumentException(
                    operation + ": " + states.size() + " states for " + segments.count() + " segments");
        }
        for (Tensor state : states) {
            Shapes.require(operation, "state", state, shape);
        }
    }
}
