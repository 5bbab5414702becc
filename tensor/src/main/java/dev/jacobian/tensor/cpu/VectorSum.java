// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.cpu;

import jdk.incubator.vector.FloatVector;

/**
 * The vector twin of {@link dev.jacobian.tensor.reference.FixedSum}: 16 partial sums in one, two or four vectors.
 *
 * <p>The order allows one chain of additions per partial sum, so a long sum is bound by the latency of an addition. Rows
 * are short and independent, and the processor overlaps them.
 */
final class VectorSum {
    /** Number of partial sums. */
    static final int PARTS = 16;

    private static final int L = Lanes.COUNT;

    private VectorSum() {}

    /** Fixed sum of x[from .. from + n); {@code parts} is scratch of 16 floats. */
    static float sum(float[] x, int from, int n, float[] parts) {
        int body = n & -PARTS;
        if (L == 16) {
            FloatVector s0 = FloatVector.zero(Lanes.FLOATS);
            for (int i = 0; i < body; i += PARTS) {
                s0 = s0.add(FloatVector.fromArray(Lanes.FLOATS, x, from + i));
            }
            s0.intoArray(parts, 0);
        } else if (L == 8) {
            FloatVector s0 = FloatVector.zero(Lanes.FLOATS);
            FloatVector s1 = FloatVector.zero(Lanes.FLOATS);
            for (int i = 0; i < body; i += PARTS) {
                s0 = s0.add(FloatVector.fromArray(Lanes.FLOATS, x, from + i));
                s1 = s1.add(FloatVector.fromArray(Lanes.FLOATS, x, from + i + L));
            }
            s0.intoArray(parts, 0);
            s1.intoArray(parts, L);
        } else {
            FloatVector s0 = FloatVector.zero(Lanes.FLOATS);
            FloatVector s1 = FloatVector.zero(Lanes.FLOATS);
            FloatVector s2 = FloatVector.zero(Lanes.FLOATS);
            FloatVector s3 = FloatVector.zero(Lanes.FLOATS);
            for (int i = 0; i < body; i += PARTS) {
                s0 = s0.add(FloatVector.fromArray(Lanes.FLOATS, x, from + i));
                s1 = s1.add(FloatVector.fromArray(Lanes.FLOATS, x, from + i + L));
                s2 = s2.add(FloatVector.fromArray(Lanes.FLOATS, x, from + i + 2 * L));
                s3 = s3.add(FloatVector.fromArray(Lanes.FLOATS, x, from + i + 3 * L));
            }
            s0.intoArray(parts, 0);
            s1.intoArray(parts, L);
            s2.intoArray(parts, 2 * L);
            s3.intoArray(parts, 3 * L);
        }
        for (int i = body; i < n; i++) {
            parts[i - body] += x[from + i];
        }
        return fold(parts);
    }

    /** Fixed sum of products; {@code parts} is scratch of 16 floats. */
    static float dot(float[] x, int xFrom, float[] y, int yFrom, int n, float[] parts) {
        int body = n & -PARTS;
        if (L == 16) {
            FloatVector s0 = FloatVector.zero(Lanes.FLOATS);
            for (int i = 0; i < body; i += PARTS) {
                s0 = FloatVector.fromArray(Lanes.FLOATS, x, xFrom + i)
                        .fma(FloatVector.fromArray(Lanes.FLOATS, y, yFrom + i), s0);
            }
            s0.intoArray(parts, 0);
        } else if (L == 8) {
            FloatVector s0 = FloatVector.zero(Lanes.FLOATS);
            FloatVector s1 = FloatVector.zero(Lanes.FLOATS);
            for (int i = 0; i < body; i += PARTS) {
                s0 = FloatVector.fromArray(Lanes.FLOATS, x, xFrom + i)
                        .fma(FloatVector.fromArray(Lanes.FLOATS, y, yFrom + i), s0);
                s1 = FloatVector.fromArray(Lanes.FLOATS, x, xFrom + i + L)
                        .fma(FloatVector.fromArray(Lanes.FLOATS, y, yFrom + i + L), s1);
            }
            s0.intoArray(parts, 0);
            s1.intoArray(parts, L);
        } else {
            FloatVector s0 = FloatVector.zero(Lanes.FLOATS);
            FloatVector s1 = FloatVector.zero(Lanes.FLOATS);
            FloatVector s2 = FloatVector.zero(Lanes.FLOATS);
            FloatVector s3 = FloatVector.zero(Lanes.FLOATS);
            for (int i = 0; i < body; i += PARTS) {
                s0 = FloatVector.fromArray(Lanes.FLOATS, x, xFrom + i)
                        .fma(FloatVector.fromArray(Lanes.FLOATS, y, yFrom + i), s0);
                s1 = FloatVector.fromArray(Lanes.FLOATS, x, xFrom + i + L)
                        .fma(FloatVector.fromArray(Lanes.FLOATS, y, yFrom + i + L), s1);
                s2 = FloatVector.fromArray(Lanes.FLOATS, x, xFrom + i + 2 * L)
                        .fma(FloatVector.fromArray(Lanes.FLOATS, y, yFrom + i + 2 * L), s2);
                s3 = FloatVector.fromArray(Lanes.FLOATS, x, xFrom + i + 3 * L)
                        .fma(FloatVector.fromArray(Lanes.FLOATS, y, yFrom + i + 3 * L), s3);
            }
            s0.intoArray(parts, 0);
            s1.intoArray(parts, L);
            s2.intoArray(parts, 2 * L);
            s3.intoArray(parts, 3 * L);
        }
        for (int i = body; i < n; i++) {
            parts[i - body] = Math.fma(x[xFrom + i], y[yFrom + i], parts[i - body]);
        }
        return fold(parts);
    }

    /** 8 + 8, 4 + 4, 2 + 2, 1 + 1. */
    static float fold(float[] p) {
        float a0 = (p[0] + p[8]) + (p[4] + p[12]);
        float a1 = (p[1] + p[9]) + (p[5] + p[13]);
        float a2 = (p[2] + p[10]) + (p[6] + p[14]);
        float a3 = (p[3] + p[11]) + (p[7] + p[15]);
        return (a0 + a2) + (a1 + a3);
    }
}
