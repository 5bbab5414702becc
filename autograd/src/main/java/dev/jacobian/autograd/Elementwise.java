// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.autograd;

import dev.jacobian.tensor.Tensor;
import dev.jacobian.tensor.Workspace;

/** Elementwise arithmetic of tensors with equal shapes; there is no broadcasting. */
public final class Elementwise {
    private Elementwise() {}

    /** {@code x + y}. d/dx = d/dy = 1. */
    public static Var add(Var x, Var y) {
        Shapes.requireSame("add", x.value(), y.value());
        Tensor out = x.like();
        x.backend().elementwise().add(x.value(), y.value(), out);
        return Operation.of("add", x, y).result(out, dOut -> {
            x.share(dOut);
            y.share(dOut);
        });
    }

    /** {@code x − y}. d/dx = 1, d/dy = −1. */
    public static Var subtract(Var x, Var y) {
        return add(x, scale(y, -1f));
    }

    /** {@code x · y} elementwise. d/dx = y, d/dy = x. */
    public static Var multiply(Var x, Var y) {
        Shapes.requireSame("multiply", x.value(), y.value());
        Tensor out = x.like();
        x.backend().elementwise().multiply(x.value(), y.value(), out);
        return Operation.of("multiply", x, y).result(out, dOut -> {
            giveProduct(x, dOut, y);
            giveProduct(y, dOut, x);
        });
    }

    /**
     * {@code y[n, h · D + d] = x[n, h · D + d] · factors[h, d]}: every row times the same numbers. dx = dy · factors, dfactors = Σ_n dy · x,
     * rows in order.
     *
     * @param x [N, H · D]
     * @param factors [H, D]
     */
    public static Var multiplyRows(Var x, Var factors) {
        int width = factors.value().elements();
        Shapes.requireRank("multiplyRows", "x", x.value(), 2);
        int rows = x.value().extent(0);
        Shapes.require("multiplyRows", "x", x.value(), rows, width);
        Tensor out = x.like(); // [N, H · D]
        Tensor wide = x.like(); // [N, H · D]
        x.backend().rows().gatherRows(factors.value().reshape(1, width), new int[rows], wide);
        x.backend().elementwise().multiply(x.value(), wide, out);
        return Operation.of("multiplyRows", x, factors).result(out, dOut -> {
            if (factors.requiresGrad()) {
                Tensor products = x.like(); // [N, H · D]
                x.backend().elementwise().multiply(dOut, x.value(), products);
                x.backend()
                        .elementwise()
                        .sumRowsInto(products, factors.gradToAddInto().reshape(width));
                Workspace.release(products);
            }
            if (x.requiresGrad()) {
                Tensor dX = x.like(); // [N, H · D]
                x.backend().elementwise().multiply(dOut, wide, dX);
                x.give(dX);
            }
            Workspace.release(wide);
        });
    }

    private static void giveProduct(Var x, Tensor dOut, Var factor) {
        if (x.requiresGrad()) {
            Tensor dX = x.like();
            x.backend().elementwise().multiply(dOut, factor.value(), dX);
            x.give(dX);
        }
    }

    /** {@code factor · x}. d/dx = factor. */
    public static Var scale(Var x, float factor) {
        Tensor out = x.like();
        x.backend().elementwise().scale(x.value(), factor, out);
        return Operation.of("scale", x).result(out, dOut -> {
            Tensor dX = x.like();
            x.backend().elementwise().scale(dOut, factor, dX);
            x.give(dX);
        });
    }
}
