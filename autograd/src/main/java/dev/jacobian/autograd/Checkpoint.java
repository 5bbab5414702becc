// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.autograd;

import dev.jacobian.tensor.Tensor;
import dev.jacobian.tensor.Workspace;
import java.util.function.UnaryOperator;

/**
 * Activation checkpointing (Chen et al., 2016, "Training Deep Nets with Sublinear Memory Cost"): a part of the graph whose
 * intermediate values are forgotten after the forward pass and computed again in backward.
 *
 * <p>A third more arithmetic for memory that holds one input per part instead of everything between them. Gradients have
 * the same bits as without, because the same operations run on the same numbers and add up in the same order.
 */
public final class Checkpoint {
    private Checkpoint() {}

    /**
     * {@code part(x)}, keeping nothing of it but the result.
     *
     * @param x what the part reads besides parameters and constants
     * @param part must compute the same every time it is called
     */
    public static Var checkpoint(Var x, UnaryOperator<Var> part) {
        Tensor out = Workspace.keepResult(
                () -> NoGrad.compute(() -> part.apply(x.detach()).value()));
        // Parameters inside want gradients even where x does not.
        return Operation.always("checkpoint", x).result(out, dOut -> {
            Var again = part.apply(entrance(x));
            again.backward(dOut);
            again.recycleValue();
        });
    }

    /** Where the recomputed part begins: the value of {@code x}, whose gradient goes on to {@code x}. */
    private static Var entrance(Var x) {
        Workspace.retain(x.value()); // the walk through the part will give it back once
        return Operation.always("checkpoint input").result(x.value(), x::share);
    }
}
