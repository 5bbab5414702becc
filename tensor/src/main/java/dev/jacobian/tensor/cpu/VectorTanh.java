// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.cpu;

import dev.jacobian.tensor.reference.Tanh;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;

/**
 * The vector twin of {@link Tanh}: the same operations in the same order, so the same bits in every lane. From array to array,
 * for the reasons that {@link VectorExp} gives.
 */
final class VectorTanh {
    private static final int L = Lanes.COUNT;

    private VectorTanh() {}

    /** x = tanh(x · scale / divisor) over n elements, in place; {@code scratch} has {@link VectorExp#CHUNK} floats. */
    static void tanh(float[] x, int at, int n, float scale, float divisor, float[] scratch) {
        for (int i = 0; i < n; i += VectorExp.CHUNK) {
            int size = Math.min(VectorExp.CHUNK, n - i);
            doubled(x, at + i, size, scale, divisor, scratch);
            VectorExp.exp(scratch, 0, size, 1f, 0f, scratch, 0);
            finish(x, at + i, size, scratch);
        }
    }

    /** x = x · scale / divisor and y = 2|x|. */
    private static void doubled(float[] x, int at, int n, float scale, float divisor, float[] y) {
        int i = 0;
        for (; i < Lanes.FLOATS.loopBound(n); i += L) {
            FloatVector z =
                    FloatVector.fromArray(Lanes.FLOATS, x, at + i).mul(scale).div(divisor);
            z.intoArray(x, at + i);
            z.abs().mul(2f).intoArray(y, i);
        }
        for (; i < n; i++) {
            x[at + i] = x[at + i] * scale / divisor;
            y[i] = 2f * Math.abs(x[at + i]);
        }
    }

    private static void finish(float[] x, int at, int n, float[] e) {
        FloatVector one = FloatVector.broadcast(Lanes.FLOATS, 1f);
        FloatVector two = FloatVector.broadcast(Lanes.FLOATS, 2f);
        int i = 0;
        for (; i < Lanes.FLOATS.loopBound(n); i += L) {
            FloatVector z = FloatVector.fromArray(Lanes.FLOATS, x, at + i);
            FloatVector square = z.mul(z);
            FloatVector p = square.fma(Tanh.P5, Tanh.P4);
            p = p.fma(square, FloatVector.broadcast(Lanes.FLOATS, Tanh.P3));
            p = p.fma(square, FloatVector.broadcast(Lanes.FLOATS, Tanh.P2));
            p = p.fma(square, FloatVector.broadcast(Lanes.FLOATS, Tanh.P1));
            FloatVector small = p.mul(square).fma(z, z);
            FloatVector large =
                    one.sub(two.div(FloatVector.fromArray(Lanes.FLOATS, e, i).add(1f)));
            large = large.blend(large.neg(), z.compare(VectorOperators.LT, 0f));
            large.blend(small, z.abs().compare(VectorOperators.LT, Tanh.SMALL)).intoArray(x, at + i);
        }
        for (; i < n; i++) {
            x[at + i] = Tanh.tanh(x[at + i]);
        }
    }
}
