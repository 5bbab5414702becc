// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.autograd;

import dev.jacobian.tensor.RotaryForm;
import dev.jacobian.tensor.Tensor;

/** Rotary position embedding (Su et al., 2021). */
public final class Rotary {
    private Rotary() {}

    /**
     * Rotates each head of each row by its position's angles. The gradient is the rotation backwards.
     *
     * @param x [N, H · headDim]
     * @param form which elements of a head are turned, and in which pairs
     * @param cos [P, dimensions/2], {@code sin} likewise; a scaling of the rotation (YaRN's attention factor) is part of them
     * @param positions table row of each of the N rows
     * @return [N, H · headDim]
     */
    public static Var rotary(Var x, RotaryForm form, Tensor cos, Tensor sin, int[] positions) {
        Shapes.requireRank("rotary", "x", x.value(), 2);
        int headDim = form.headDim();
        int half = form.dimensions() / 2;
        if (x.value().extent(0) != positions.length || x.value().extent(1) % headDim != 0) {
            throw new IllegalArgumentException("rotary: x has shape "
                    + x.value().shape() + " for " + positions.length + " positions and head size " + headDim);
        }
        Shapes.require("rotary", "cos", cos, cos.extent(0), half);
        Shapes.require("rotary", "sin", sin, cos.extent(0), half);
        for (int position : positions) {
            if (position < 0 || position >= cos.extent(0)) {
                throw new IndexOutOfBoundsException(
                        "rotary: position " + position + " is outside of tables of " + cos.extent(0) + " positions");
            }
        }
        Tensor cosines = cos.contiguous(); // [P, dimensions/2]
        Tensor sines = sin.contiguous(); // [P, dimensions/2]
        Tensor out = x.like(); // [N, H · headDim]
        x.backend().positions().rotary(x.value(), form, cosines, sines, positions, false, out);
        return Operation.of("rotary", x).result(out, dOut -> {
            Tensor dX = x.like(); // [N, H · headDim]
            x.backend().positions().rotary(dOut, form, cosines, sines, positions, true, dX);
            x.give(dX);
        });
    }
}
