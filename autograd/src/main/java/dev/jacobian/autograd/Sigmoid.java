// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.autograd;

import dev.jacobian.tensor.Tensor;

/** The logistic function: a gate, or a probability. */
public final class Sigmoid {
    private Sigmoid() {}

    /** {@code y = σ(x) = 1 / (1 + exp(−x))}. dx = dy · y · (1 − y). */
    public static Var sigmoid(Var x) {
        Tensor out = x.like();
        x.backend().activations().sigmoid(x.value(), out);
        return Operation.of("sigmoid", x).result(out, dOut -> {
            Tensor dX = x.like();
            x.backend().activations().sigmoidBackward(dOut, out, dX);
            x.give(dX);
        });
    }
}
