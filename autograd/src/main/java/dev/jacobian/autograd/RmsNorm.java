// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.autograd;

import dev.jacobian.tensor.Tensor;
import dev.jacobian.tensor.Workspace;

/** Root-mean-square normalisation (Zhang and Sennrich, 2019). */
public final class RmsNorm {
    private RmsNorm() {}

    /**
     * {@code y = x · r · w} per row of D elements, r = 1/√(mean(x²) + ε).
     *
     * <p>With g = dy·w: dx = r·(g − x·r²·(g·x)/D), dw = Σ_n dy·x·r.
     *
     * @param x any shape whose last dimension is a multiple of D; consecutive D elements are one row (so the same operation
     *     normalises hidden states and single heads)
     * @param weight [D]
     * @return shape of x
     */
    public static Var rmsNorm(Var x, Var weight, float epsilon) {
        return rmsNorm(x, weight, weight.value(), epsilon);
    }

    /**
     * The same with 1 + w in place of w (Gemma), which is rounded to F32 before it is multiplied: {@code y = x · r · (1 + w)}. The
     * gradient of w is that of the factor, so nothing but the factor's value differs.
     */
    public static Var rmsNormOnePlus(Var x, Var weight, float epsilon) {
        return rmsNorm(x, weight, weight.onePlus(), epsilon);
    }

    private static Var rmsNorm(Var x, Var weight, Tensor factor, float epsilon) {
        int d = weight.value().elements();
        if (d == 0 || x.value().rank() == 0 || x.value().extent(-1) % d != 0) {
            throw new IllegalArgumentException("rmsNorm: " + weight.name() + " has " + d + " elements, x has shape "
                    + x.value().shape() + ", whose last dimension is no multiple");
        }
        Tensor out = x.like();
        Tensor inverseRms = Workspace.floatsBeside(x.value(), x.value().elements() / d); // [N]
        x.backend().norms().rmsNorm(x.value(), factor, epsilon, out, inverseRms);
        return Operation.of("rmsNorm", x, weight).result(out, dOut -> {
            Tensor dX = x.like();
            Tensor dWeight = weight.requiresGrad() ? weight.gradToAddInto() : null; // [D]
            x.backend().norms().rmsNormBackward(dOut, x.value(), factor, inverseRms, dX, dWeight);
            x.give(dX);
            Workspace.release(inverseRms);
        });
    }
}
