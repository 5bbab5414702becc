// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.autograd;

import dev.jacobian.tensor.Tensor;

/** The sigmoid linear unit, also called swish (Ramachandran et al., 2017); as a gate it is {@link SwiGlu}. */
public final class Silu {
    private Silu() {}

    /** {@code y = silu(x) = x · σ(x)}. dx = dy · σ(x) · (1 + x · (1 − σ(x))). */
    public static Var silu(Var x) {
        Tensor out = x.like();
        x.backend().activations().silu(x.value(), out);
        return Operation.of("silu", x).result(out, dOut -> {
            Tensor dX = x.like();
            x.backend().activations().siluBackward(dOut, x.value(), dX);
            x.give(dX);
        });
    }
}
