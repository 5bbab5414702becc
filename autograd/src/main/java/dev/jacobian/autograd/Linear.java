// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.autograd;

import dev.jacobian.tensor.Tensor;
import dev.jacobian.tensor.Workspace;
import java.util.Optional;

/** Matrix products. */
public final class Linear {
    private Linear() {}

    /**
     * {@code y = x · Wᵀ + b}, the linear layer with the weight as checkpoints store it.
     *
     * <p>dx = dy · W, dW = dyᵀ · x, db = Σ_n dy.
     *
     * @param x [N, K]
     * @param weight [M, K]
     * @param bias [M], or empty
     * @return [N, M]
     */
    public static Var linear(Var x, Var weight, Optional<Var> bias) {
        Shapes.requireRank("linear", "x", x.value(), 2);
        int n = x.value().extent(0);
        int m = weight.value().extent(0);
        Shapes.require(
                "linear",
                "weight " + weight.name(),
                weight.value(),
                m,
                x.value().extent(1));
        Tensor input = x.value().contiguous(); // [N, K]
        Tensor out = Workspace.tensor(n, m); // [N, M]
        x.backend().matmul(input, weight.packedTranspose(), out, false);
        if (bias.isPresent()) {
            Shapes.require("linear", "bias " + bias.get().name(), bias.get().value(), m);
            x.backend().addRow(out, bias.get().value(), out);
        }
        Var[] inputs = bias.isPresent() ? new Var[] {x, weight, bias.get()} : new Var[] {x, weight};
        return Var.result(out, new Operation("linear", inputs) {
            @Override
            void backward(Tensor dOut) {
                if (x.requiresGrad()) {
                    Tensor dX = Workspace.tensor(x.value().shape()); // [N, K]
                    x.backend().matmul(dOut, weight.value(), dX, false);
                    x.accumulate(dX, true);
                }
                if (weight.requiresGrad()) {
                    x.backend().matmul(dOut.t(), input, weight.gradToAddInto(), true);
                }
                if (bias.isPresent() && bias.get().requiresGrad()) {
                    x.backend().sumRowsInto(dOut, bias.get().gradToAddInto());
                }
            }
        });
    }

    /**
     * {@code a · b}. da = dOut · bᵀ, db = aᵀ · dOut.
     *
     * @param a [M, K]
     * @param b [K, N]
     * @return [M, N]
     */
    public static Var matmul(Var a, Var b) {
        Shapes.requireRank("matmul", "a", a.value(), 2);
        Shapes.requireRank("matmul", "b", b.value(), 2);
        Shapes.require("matmul", "b", b.value(), a.value().extent(1), b.value().extent(1));
        Tensor out = Workspace.tensor(a.value().extent(0), b.value().extent(1)); // [M, N]
        a.backend().matmul(a.value(), b.value(), out, false);
        return Var.result(out, new Operation("matmul", a, b) {
            @Override
            void backward(Tensor dOut) {
                if (a.requiresGrad()) {
                    a.backend().matmul(dOut, b.value().t(), a.gradToAddInto(), true);
                }
                if (b.requiresGrad()) {
                    b.backend().matmul(a.value().t(), dOut, b.gradToAddInto(), true);
                }
            }
        });
    }
}
