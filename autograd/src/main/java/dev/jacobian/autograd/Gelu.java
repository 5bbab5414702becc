// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.autograd;

import dev.jacobian.tensor.GeluForm;
import dev.jacobian.tensor.Tensor;

/** Gaussian error linear units (Hendrycks and Gimpel, 2016). */
public final class Gelu {
    private Gelu() {}

    /**
     * {@code y = x · Φ(x)}, Φ the cumulative normal distribution, or its approximation by tanh. dx = dy · y'(x), with y' = Φ(x) +
     * x · φ(x) of the exact form, φ the normal density.
     */
    public static Var gelu(Var x, GeluForm form) {
        Tensor out = x.like();
        x.backend().activations().gelu(x.value(), form, out);
        return Operation.of("gelu", x).result(out, dOut -> {
            Tensor dX = x.like();
            x.backend().activations().geluBackward(dOut, x.value(), form, dX);
            x.give(dX);
        });
    }
}
