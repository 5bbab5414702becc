// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.cpu;

import dev.jacobian.tensor.reference.Exp;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/**
 * The vector twin of {@link Exp}: the same operations in the same order, so the same bits in every lane.
 *
 * <p>Decisions:
 *
 * <ul>
 *   <li>From array to array. A method that takes or gives a vector is only as good as C2's decision to inline it, and C2
 *       declines when the method has been compiled by itself before: then every call puts vectors on the heap, in some
 *       processes and not in others. Writing an exponential to the first-level cache and reading it back costs less than
 *       a tenth of computing it.
 *   <li>The clamp compares and blends, which costs less than the Vector API's {@code min} and {@code max} and passes NaN on
 *       just the same.
 * </ul>
 */
final class VectorExp {
    /** Elements that kernels handle at a time: few, so that the processor is in the next chunk while this one's loads are under way. */
    static final int CHUNK = 256;

    private static final int L = Lanes.COUNT;
    private static final int ROUNDER_BITS = Float.floatToRawIntBits(Exp.ROUNDER);

    private VectorExp() {}

    /** y = exp(x · factor − subtracted) over n elements; y may be x. */
    static void exp(float[] x, int xAt, int n, float factor, float subtracted, float[] y, int yAt) {
        int i = 0;
        for (; i < Lanes.FLOATS.loopBound(n); i += L) {
            FloatVector z =
                    FloatVector.fromArray(Lanes.FLOATS, x, xAt + i).mul(factor).sub(subtracted);
            z = z.blend(Exp.MAX, z.compare(VectorOperators.GT, Exp.MAX));
            FloatVector clamped = z.blend(Exp.MIN, z.compare(VectorOperators.LT, Exp.MIN));
            FloatVector shifted = clamped.fma(Exp.LOG2_E, Exp.ROUNDER);
            IntVector power = shifted.reinterpretAsInts().sub(ROUNDER_BITS);
            FloatVector whole = shifted.sub(Exp.ROUNDER);
            FloatVector r = whole.fma(FloatVector.broadcast(Lanes.FLOATS, -Exp.LN2_HIGH), clamped);
            r = whole.fma(FloatVector.broadcast(Lanes.FLOATS, -Exp.LN2_LOW), r);
            FloatVector p = r.fma(Exp.C7, Exp.C6);
            p = p.fma(r, FloatVector.broadcast(Lanes.FLOATS, Exp.C5));
            p = p.fma(r, FloatVector.broadcast(Lanes.FLOATS, Exp.C4));
            p = p.fma(r, FloatVector.broadcast(Lanes.FLOATS, Exp.C3));
            p = p.fma(r, FloatVector.broadcast(Lanes.FLOATS, Exp.C2));
            p = p.fma(r.mul(r), r).add(1f);
            IntVector half = power.lanewise(VectorOperators.ASHR, 1);
            FloatVector first = half.add(127).lanewise(VectorOperators.LSHL, 23).reinterpretAsFloats();
            FloatVector second =
                    power.sub(half).add(127).lanewise(VectorOperators.LSHL, 23).reinterpretAsFloats();
            p.mul(first).mul(second).intoArray(y, yAt + i);
        }
        for (; i < n; i++) {
            y[yAt + i] = Exp.exp(x[xAt + i] * factor - subtracted);
        }
    }

    /** y = numerator / (1 + exp(−x)) over n elements: the division overlaps with the exponential of the next vector. */
    static void logistic(float[] numerator, int nAt, float[] x, int xAt, int n, float[] y, int yAt) {
        int i = 0;
        for (; i < Lanes.FLOATS.loopBound(n); i += L) {
            FloatVector z = FloatVector.fromArray(Lanes.FLOATS, x, xAt + i).neg();
            z = z.blend(Exp.MAX, z.compare(VectorOperators.GT, Exp.MAX));
            FloatVector clamped = z.blend(Exp.MIN, z.compare(VectorOperators.LT, Exp.MIN));
            FloatVector shifted = clamped.fma(Exp.LOG2_E, Exp.ROUNDER);
            IntVector power = shifted.reinterpretAsInts().sub(ROUNDER_BITS);
            FloatVector whole = shifted.sub(Exp.ROUNDER);
            FloatVector r = whole.fma(FloatVector.broadcast(Lanes.FLOATS, -Exp.LN2_HIGH), clamped);
            r = whole.fma(FloatVector.broadcast(Lanes.FLOATS, -Exp.LN2_LOW), r);
            FloatVector p = r.fma(Exp.C7, Exp.C6);
            p = p.fma(r, FloatVector.broadcast(Lanes.FLOATS, Exp.C5));
            p = p.fma(r, FloatVector.broadcast(Lanes.FLOATS, Exp.C4));
            p = p.fma(r, FloatVector.broadcast(Lanes.FLOATS, Exp.C3));
            p = p.fma(r, FloatVector.broadcast(Lanes.FLOATS, Exp.C2));
            p = p.fma(r.mul(r), r).add(1f);
            IntVector half = power.lanewise(VectorOperators.ASHR, 1);
            FloatVector first = half.add(127).lanewise(VectorOperators.LSHL, 23).reinterpretAsFloats();
            FloatVector second =
                    power.sub(half).add(127).lanewise(VectorOperators.LSHL, 23).reinterpretAsFloats();
            FloatVector e = p.mul(first).mul(second);
            FloatVector.fromArray(Lanes.FLOATS, numerator, nAt + i)
                    .div(e.add(1f))
                    .intoArray(y, yAt + i);
        }
        for (; i < n; i++) {
            y[yAt + i] = numerator[nAt + i] / (1f + Exp.exp(-x[xAt + i]));
        }
    }
}
