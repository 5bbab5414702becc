// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.autograd;

import dev.jacobian.tensor.Tensor;

/** The square of the rectified linear unit (So et al., 2021, arXiv:2109.08668). */
public final class SquaredRelu {
    private SquaredRelu() {}

    /** {@code y = max(x, 0)²}. dx = dy · 2 max(x, 0). */
    public static Var squaredRelu(Var x) {
        Tensor out = x.like();
        x.backend().activations().squaredRelu(x.value(), out);
        return Operation.of("squaredRelu", x).result(out, dOut -> {
            Tensor dX = x.like();
            x.backend().activations().squaredReluBackward(dOut, x.value(), dX);
            x.give(dX);
        });
    }
}
