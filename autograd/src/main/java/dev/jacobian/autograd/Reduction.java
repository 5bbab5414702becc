// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.autograd;

import dev.jacobian.tensor.Tensor;

/** Sums to a scalar: a tensor with no dimensions, on the CPU wherever the summands are. Summed in double, in order. */
public final class Reduction {
    private Reduction() {}

    /** {@code Σ x}. d/dx = 1. */
    public static Var sum(Var x) {
        return dividedSum(x, 1);
    }

    /** {@code Σ x / n}. d/dx = 1/n. */
    public static Var mean(Var x) {
        int n = x.value().elements();
        if (n == 0) {
            throw new IllegalArgumentException("mean: the tensor has no elements");
        }
        return dividedSum(x, n);
    }

    private static Var dividedSum(Var x, int divisor) {
        double sum = 0;
        for (float value : x.value().toFloatArray()) {
            sum += value;
        }
        Tensor out = Tensor.of(new float[] {(float) (sum / divisor)});
        return Operation.of("sum", x).result(out, dOut -> {
            Tensor dX = x.like();
            dX.fill(dOut.item() / divisor);
            x.give(dX);
        });
    }

    /** {@code Σ w_i x_i} with constant weights, elements in row-major order. d/dx_i = w_i. */
    public static Var weightedSum(Var x, float[] weights) {
        if (weights.length != x.value().elements()) {
            throw new IllegalArgumentException("weightedSum: " + weights.length + " weights for shape "
                    + x.value().shape());
        }
        float[] values = x.value().toFloatArray();
        double sum = 0;
        for (int i = 0; i < values.length; i++) {
            sum += (double) weights[i] * values[i];
        }
        Tensor out = Tensor.of(new float[] {(float) sum});
        return Operation.of("weightedSum", x).result(out, dOut -> {
            float d = dOut.item();
            float[] gradient = new float[weights.length];
            for (int i = 0; i < gradient.length; i++) {
                gradient[i] = d * weights[i];
            }
            Tensor dX = x.like();
            dX.copyFrom(Tensor.of(gradient, x.value().shape().toArray()));
            x.give(dX);
        });
    }
}
