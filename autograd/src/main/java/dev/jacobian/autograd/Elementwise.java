// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.autograd;

import dev.jacobian.tensor.Tensor;
import dev.jacobian.tensor.Workspace;

/** Elementwise arithmetic of tensors with equal shapes; there is no broadcasting. */
public final class Elementwise {
    private Elementwise() {}

    private static Tensor like(Var x) {
        return Workspace.like(x.value());
    }

    /** {@code x + y}. d/dx = d/dy = 1. */
    public static Var add(Var x, Var y) {
        Shapes.requireSame("add", x.value(), y.value());
        Tensor out = like(x);
        x.backend().elementwise().add(x.value().contiguous(), y.value().contiguous(), out);
        return Var.result(out, new Operation("add", x, y) {
            @Override
            void backward(Tensor dOut) {
                x.accumulate(dOut, false);
                y.accumulate(dOut, false);
            }
        });
    }

    /** {@code x − y}. d/dx = 1, d/dy = −1. */
    public static Var subtract(Var x, Var y) {
        return add(x, scale(y, -1f));
    }

    /** {@code x · y} elementwise. d/dx = y, d/dy = x. */
    public static Var multiply(Var x, Var y) {
        Shapes.requireSame("multiply", x.value(), y.value());
        Tensor xValue = x.value().contiguous();
        Tensor yValue = y.value().contiguous();
        Tensor out = like(x);
        x.backend().elementwise().multiply(xValue, yValue, out);
        return Var.result(out, new Operation("multiply", x, y) {
            @Override
            void backward(Tensor dOut) {
                pass(x, yValue, dOut);
                pass(y, xValue, dOut);
            }

            private void pass(Var input, Tensor factor, Tensor dOut) {
                if (input.requiresGrad()) {
                    Tensor dInput = like(input);
                    input.backend().elementwise().multiply(dOut, factor, dInput);
                    input.accumulate(dInput, true);
                }
            }
        });
    }

    /** {@code factor · x}. d/dx = factor. */
    public static Var scale(Var x, float factor) {
        Tensor out = like(x);
        x.backend().elementwise().scale(x.value().contiguous(), factor, out);
        return Var.result(out, new Operation("scale", x) {
            @Override
            void backward(Tensor dOut) {
                Tensor dX = like(x);
                x.backend().elementwise().scale(dOut, factor, dX);
                x.accumulate(dX, true);
            }
        });
    }
}
