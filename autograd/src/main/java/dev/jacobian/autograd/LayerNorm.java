// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.autograd;

import dev.jacobian.tensor.Tensor;
import dev.jacobian.tensor.Workspace;
import java.util.Optional;

/** Layer normalisation (Ba, Kiros and Hinton, 2016). */
public final class LayerNorm {
    private LayerNorm() {}

    /**
     * {@code y = n · w + b} per row of D elements, n = (x − mean(x)) / √(var(x) + ε).
     *
     * <p>With g = dy·w and σ = √(var(x) + ε): dx = (g − mean(g) − n·mean(g·n)) / σ, dw = Σ_n dy·n, db = Σ_n dy.
     *
     * @param x any shape whose last dimension is a multiple of D; consecutive D elements are one row
     * @param weight [D]
     * @param bias [D], or empty
     * @return shape of x
     */
    public static Var layerNorm(Var x, Var weight, Optional<Var> bias, float epsilon) {
        return layerNorm(x, weight, weight.value(), bias, epsilon);
    }

    /**
     * The same with 1 + w in place of w (Nemotron), which is rounded to F32 before it is multiplied: {@code y = n · (1 + w) + b}.
     * The gradient of w is that of the factor.
     */
    public static Var layerNormOnePlus(Var x, Var weight, Optional<Var> bias, float epsilon) {
        return layerNorm(x, weight, weight.onePlus(), bias, epsilon);
    }

    private static Var layerNorm(Var x, Var weight, Tensor factor, Optional<Var> bias, float epsilon) {
        int d = weight.value().elements();
        if (d == 0 || x.value().rank() == 0 || x.value().extent(-1) % d != 0) {
            throw new IllegalArgumentException("layerNorm: " + weight.name() + " has " + d + " elements, x has shape "
                    + x.value().shape() + ", whose last dimension is no multiple");
        }
        bias.ifPresent(b -> Shapes.requireSame("layerNorm", weight.value(), b.value()));
        Tensor shift = bias.map(Var::value).orElse(null); // [D]
        Tensor out = x.like();
        Tensor means = Workspace.floatsBeside(x.value(), x.value().elements() / d); // [N]
        Tensor inverseStd = Workspace.floatsBeside(x.value(), x.value().elements() / d); // [N]
        x.backend().norms().layerNorm(x.value(), factor, shift, epsilon, out, means, inverseStd);
        Var[] inputs = bias.isPresent() ? new Var[] {x, weight, bias.get()} : new Var[] {x, weight};
        return Operation.of("layerNorm", inputs).result(out, dOut -> {
            Tensor dX = x.like();
            Tensor dWeight = weight.requiresGrad() ? weight.gradToAddInto() : null; // [D]
            x.backend().norms().layerNormBackward(dOut, x.value(), factor, means, inverseStd, dX, dWeight);
            if (bias.isPresent() && bias.get().requiresGrad()) {
                x.backend().elementwise().sumRowsInto(dOut, bias.get().gradToAddInto());
            }
            x.give(dX);
            Workspace.release(means);
            Workspace.release(inverseStd);
        });
    }
}
