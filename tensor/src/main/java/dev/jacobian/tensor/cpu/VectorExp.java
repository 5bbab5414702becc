// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.cpu;

import dev.jacobian.tensor.reference.Exp;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/**
 * The vector twin of {@link Exp}: the same operations in the same order, so the same bits in every lane.
 *
 * <p>The clamp compares and blends, which costs less than the Vector API's {@code min} and {@code max} and passes NaN on
 * just the same.
 */
final class VectorExp {
    private static final int ROUNDER_BITS = Float.floatToRawIntBits(Exp.ROUNDER);

    private VectorExp() {}

    /** e to the power of each lane. */
    static FloatVector exp(FloatVector x) {
        return expUpToMax(x.blend(Exp.MAX, x.compare(VectorOperators.GT, Exp.MAX)));
    }

    /** {@link #exp} of lanes that are at most {@link Exp#MAX}, such as differences from a maximum. */
    static FloatVector expUpToMax(FloatVector x) {
        FloatVector clamped = x.blend(Exp.MIN, x.compare(VectorOperators.LT, Exp.MIN));
        FloatVector shifted = clamped.fma(Exp.LOG2_E, Exp.ROUNDER);
        IntVector n = shifted.reinterpretAsInts().sub(ROUNDER_BITS);
        FloatVector whole = shifted.sub(Exp.ROUNDER);
        FloatVector r = whole.fma(FloatVector.broadcast(Lanes.FLOATS, -Exp.LN2_HIGH), clamped);
        r = whole.fma(FloatVector.broadcast(Lanes.FLOATS, -Exp.LN2_LOW), r);
        FloatVector p = r.fma(Exp.C7, Exp.C6);
        p = p.fma(r, FloatVector.broadcast(Lanes.FLOATS, Exp.C5));
        p = p.fma(r, FloatVector.broadcast(Lanes.FLOATS, Exp.C4));
        p = p.fma(r, FloatVector.broadcast(Lanes.FLOATS, Exp.C3));
        p = p.fma(r, FloatVector.broadcast(Lanes.FLOATS, Exp.C2));
        p = p.fma(r.mul(r), r).add(1f);
        IntVector half = n.lanewise(VectorOperators.ASHR, 1);
        // Written out twice: a helper that takes an IntVector is one more call that C2 may decide not to inline.
        FloatVector first = half.add(127).lanewise(VectorOperators.LSHL, 23).reinterpretAsFloats();
        FloatVector second =
                n.sub(half).add(127).lanewise(VectorOperators.LSHL, 23).reinterpretAsFloats();
        return p.mul(first).mul(second);
    }

    /** z / (1 + exp(−z)). */
    static FloatVector silu(FloatVector z) {
        return z.div(exp(z.neg()).add(1f));
    }
}
