// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.cpu;

import dev.jacobian.tensor.GeluForm;
import dev.jacobian.tensor.reference.Gelu;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;

/**
 * The vector twin of {@link Gelu}: the same operations in the same order, so the same bits in every lane.
 *
 * <p>From array to array, at most {@link VectorExp#CHUNK} elements at a time and in three passes (what exp is taken of, exp,
 * the rest), for the reasons that {@link VectorExp} gives.
 */
final class VectorGelu {
    private static final int L = Lanes.COUNT;

    /** Floats of scratch: what exp is taken of, and Φ. */
    static final int SCRATCH = 2 * VectorExp.CHUNK;

    private VectorGelu() {}

    /** y = gelu(x); y may be x. {@code scratch} is neither and has {@link #SCRATCH} floats. */
    static void values(GeluForm form, float[] x, int xAt, int n, float[] y, int yAt, float[] scratch) {
        if (form == GeluForm.TANH) {
            doubledTanhArguments(x, xAt, n, scratch);
            VectorExp.logistic(x, xAt, scratch, 0, n, y, yAt);
        } else {
            halvedSquares(x, xAt, n, scratch);
            VectorExp.exp(scratch, 0, n, 1f, 0f, scratch, 0);
            cumulative(x, xAt, n, scratch, scratch, VectorExp.CHUNK);
            VectorElementwise.multiply(x, xAt, scratch, VectorExp.CHUNK, y, yAt, n);
        }
    }

    /** y = gelu'(x); y may be x. */
    static void slopes(GeluForm form, float[] x, int xAt, int n, float[] y, int yAt, float[] scratch) {
        if (form == GeluForm.TANH) {
            cappedTanhArguments(x, xAt, n, scratch);
            VectorExp.exp(scratch, 0, n, 1f, 0f, scratch, 0);
            tanhSlopes(x, xAt, n, scratch, y, yAt);
        } else {
            halvedSquares(x, xAt, n, scratch);
            VectorExp.exp(scratch, 0, n, 1f, 0f, scratch, 0);
            cumulative(x, xAt, n, scratch, scratch, VectorExp.CHUNK);
            exactSlopes(x, xAt, n, scratch, scratch, VectorExp.CHUNK, y, yAt);
        }
    }

    /** y = 2u of the tanh form. */
    private static void doubledTanhArguments(float[] x, int xAt, int n, float[] y) {
        FloatVector one = FloatVector.broadcast(Lanes.FLOATS, 1f);
        int i = 0;
        for (; i < Lanes.FLOATS.loopBound(n); i += L) {
            FloatVector z = FloatVector.fromArray(Lanes.FLOATS, x, xAt + i);
            z.mul(Gelu.TWICE).mul(z.mul(Gelu.CUBIC).fma(z, one)).intoArray(y, i);
        }
        for (; i < n; i++) {
            float z = x[xAt + i];
            y[i] = Gelu.TWICE * z * Math.fma(Gelu.CUBIC * z, z, 1f);
        }
    }

    /** y = −2u, as the slope needs it. */
    private static void cappedTanhArguments(float[] x, int xAt, int n, float[] y) {
        int i = 0;
        for (; i < Lanes.FLOATS.loopBound(n); i += L) {
            FloatVector z = FloatVector.fromArray(Lanes.FLOATS, x, xAt + i);
            z = z.blend(-Gelu.MOST_TANH, z.compare(VectorOperators.LT, -Gelu.MOST_TANH));
            FloatVector c = z.blend(Gelu.MOST_TANH, z.compare(VectorOperators.GT, Gelu.MOST_TANH));
            FloatVector square = c.mul(Gelu.CUBIC).mul(c);
            c.mul(Gelu.TWICE).mul(square.add(1f)).neg().intoArray(y, i);
        }
        for (; i < n; i++) {
            float c = Gelu.capped(x[xAt + i], Gelu.MOST_TANH);
            float square = Gelu.CUBIC * c * c;
            y[i] = -(Gelu.TWICE * c * (square + 1f));
        }
    }

    private static void tanhSlopes(float[] x, int xAt, int n, float[] e, float[] y, int yAt) {
        FloatVector one = FloatVector.broadcast(Lanes.FLOATS, 1f);
        int i = 0;
        for (; i < Lanes.FLOATS.loopBound(n); i += L) {
            FloatVector z = FloatVector.fromArray(Lanes.FLOATS, x, xAt + i);
            z = z.blend(-Gelu.MOST_TANH, z.compare(VectorOperators.LT, -Gelu.MOST_TANH));
            FloatVector c = z.blend(Gelu.MOST_TANH, z.compare(VectorOperators.GT, Gelu.MOST_TANH));
            FloatVector square = c.mul(Gelu.CUBIC).mul(c);
            FloatVector es = FloatVector.fromArray(Lanes.FLOATS, e, i);
            FloatVector sigmoid = one.div(es.add(1f));
            FloatVector slopeOfU =
                    square.fma(FloatVector.broadcast(Lanes.FLOATS, 3f), one).mul(Gelu.TWICE);
            sigmoid.mul(c.mul(es.mul(sigmoid)).fma(slopeOfU, one)).intoArray(y, yAt + i);
        }
        for (; i < n; i++) {
            y[yAt + i] = Gelu.slope(GeluForm.TANH, x[xAt + i]);
        }
    }

    /** y = −z²/2 of the capped z. */
    private static void halvedSquares(float[] x, int xAt, int n, float[] y) {
        int i = 0;
        for (; i < Lanes.FLOATS.loopBound(n); i += L) {
            FloatVector z = FloatVector.fromArray(Lanes.FLOATS, x, xAt + i);
            z = z.blend(-Gelu.MOST, z.compare(VectorOperators.LT, -Gelu.MOST));
            FloatVector c = z.blend(Gelu.MOST, z.compare(VectorOperators.GT, Gelu.MOST));
            c.mul(c).mul(-0.5f).intoArray(y, i);
        }
        for (; i < n; i++) {
            float c = Gelu.capped(x[xAt + i], Gelu.MOST);
            y[i] = -0.5f * (c * c);
        }
    }

    /** phi = Φ(x) of the capped x, e being exp of {@link #halvedSquares}. */
    private static void cumulative(float[] x, int xAt, int n, float[] e, float[] phi, int phiAt) {
        FloatVector one = FloatVector.broadcast(Lanes.FLOATS, 1f);
        int i = 0;
        for (; i < Lanes.FLOATS.loopBound(n); i += L) {
            FloatVector z = FloatVector.fromArray(Lanes.FLOATS, x, xAt + i);
            z = z.blend(-Gelu.MOST, z.compare(VectorOperators.LT, -Gelu.MOST));
            FloatVector c = z.blend(Gelu.MOST, z.compare(VectorOperators.GT, Gelu.MOST));
            FloatVector es = FloatVector.fromArray(Lanes.FLOATS, e, i);
            FloatVector bell = es.fma(c.fma(c, c.mul(c).neg()).mul(-0.5f), es);
            FloatVector t = c.abs();
            FloatVector s = t.sub(Gelu.CENTRE).div(t.add(Gelu.CENTRE));
            FloatVector p = s.fma(Gelu.P9, Gelu.P8);
            p = p.fma(s, FloatVector.broadcast(Lanes.FLOATS, Gelu.P7));
            p = p.fma(s, FloatVector.broadcast(Lanes.FLOATS, Gelu.P6));
            p = p.fma(s, FloatVector.broadcast(Lanes.FLOATS, Gelu.P5));
            p = p.fma(s, FloatVector.broadcast(Lanes.FLOATS, Gelu.P4));
            p = p.fma(s, FloatVector.broadcast(Lanes.FLOATS, Gelu.P3));
            p = p.fma(s, FloatVector.broadcast(Lanes.FLOATS, Gelu.P2));
            p = p.fma(s, FloatVector.broadcast(Lanes.FLOATS, Gelu.P1));
            p = p.fma(s, FloatVector.broadcast(Lanes.FLOATS, Gelu.P0));
            FloatVector tail = bell.mul(p.div(t.add(Gelu.SHIFT)));
            one.sub(tail).blend(tail, c.compare(VectorOperators.LT, 0f)).intoArray(phi, phiAt + i);
        }
        for (; i < n; i++) {
            float c = Gelu.capped(x[xAt + i], Gelu.MOST);
            phi[phiAt + i] = Gelu.cumulative(c, Gelu.bell(c));
        }
    }

    /** y = Φ(x) + x · density(x), of the capped x. */
    private static void exactSlopes(float[] x, int xAt, int n, float[] e, float[] phi, int phiAt, float[] y, int yAt) {
        FloatVector density = FloatVector.broadcast(Lanes.FLOATS, Gelu.DENSITY);
        int i = 0;
        for (; i < Lanes.FLOATS.loopBound(n); i += L) {
            FloatVector z = FloatVector.fromArray(Lanes.FLOATS, x, xAt + i);
            z = z.blend(-Gelu.MOST, z.compare(VectorOperators.LT, -Gelu.MOST));
            FloatVector c = z.blend(Gelu.MOST, z.compare(VectorOperators.GT, Gelu.MOST));
            FloatVector es = FloatVector.fromArray(Lanes.FLOATS, e, i);
            FloatVector bell = es.fma(c.fma(c, c.mul(c).neg()).mul(-0.5f), es);
            c.mul(bell)
                    .fma(density, FloatVector.fromArray(Lanes.FLOATS, phi, phiAt + i))
                    .intoArray(y, yAt + i);
        }
        for (; i < n; i++) {
            y[yAt + i] = Gelu.slope(GeluForm.EXACT, x[xAt + i]);
        }
    }
}
