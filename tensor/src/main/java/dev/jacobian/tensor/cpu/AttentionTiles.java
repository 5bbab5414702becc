// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.cpu;

import jdk.incubator.vector.FloatVector;

/**
 * The innermost loops of attention: small matrix products on memory as attention finds it.
 *
 * <p>Two kinds. <em>Scores</em>: lanes are keys, the sum runs over the head's elements; keys lie as [headDim, 16]. <em>
 * Sums of rows</em>: lanes are elements of a head, the sum runs over keys or over queries, and either operand may have any
 * stride. As in {@link MatMulTiles}, accumulators are named locals and each lane is one chain in order.
 */
final class AttentionTiles {
    private static final int L = Lanes.COUNT;

    /** Keys per page: the distance between neighbouring elements of a key. */
    private static final int KEYS = 16;

    private AttentionTiles() {}

    /**
     * 4 queries against 2 vectors of keys.
     *
     * @param d elements of a head
     * @param q queries from {@code qFrom} as [d, 4]
     * @param s receives the dot products, vector w at {@code sFrom + w * L}, queries {@code sRow} apart
     */
    static void scores4x2(
            int d, float[] q, int qFrom, float[] k0, int at0, float[] k1, int at1, float[] s, int sFrom, int sRow) {
        FloatVector s00 = FloatVector.zero(Lanes.FLOATS);
        FloatVector s01 = FloatVector.zero(Lanes.FLOATS);
        FloatVector s10 = FloatVector.zero(Lanes.FLOATS);
        FloatVector s11 = FloatVector.zero(Lanes.FLOATS);
        FloatVector s20 = FloatVector.zero(Lanes.FLOATS);
        FloatVector s21 = FloatVector.zero(Lanes.FLOATS);
        FloatVector s30 = FloatVector.zero(Lanes.FLOATS);
        FloatVector s31 = FloatVector.zero(Lanes.FLOATS);
        for (int i = 0; i < d; i++) {
            FloatVector key0 = FloatVector.fromArray(Lanes.FLOATS, k0, at0 + i * KEYS);
            FloatVector key1 = FloatVector.fromArray(Lanes.FLOATS, k1, at1 + i * KEYS);
            FloatVector q0 = FloatVector.broadcast(Lanes.FLOATS, q[qFrom + i * 4]);
            s00 = q0.fma(key0, s00);
            s01 = q0.fma(key1, s01);
            FloatVector q1 = FloatVector.broadcast(Lanes.FLOATS, q[qFrom + i * 4 + 1]);
            s10 = q1.fma(key0, s10);
            s11 = q1.fma(key1, s11);
            FloatVector q2 = FloatVector.broadcast(Lanes.FLOATS, q[qFrom + i * 4 + 2]);
            s20 = q2.fma(key0, s20);
            s21 = q2.fma(key1, s21);
            FloatVector q3 = FloatVector.broadcast(Lanes.FLOATS, q[qFrom + i * 4 + 3]);
            s30 = q3.fma(key0, s30);
            s31 = q3.fma(key1, s31);
        }
        s00.intoArray(s, sFrom);
        s01.intoArray(s, sFrom + L);
        s10.intoArray(s, sFrom + sRow);
        s11.intoArray(s, sFrom + sRow + L);
        s20.intoArray(s, sFrom + 2 * sRow);
        s21.intoArray(s, sFrom + 2 * sRow + L);
        s30.intoArray(s, sFrom + 3 * sRow);
        s31.intoArray(s, sFrom + 3 * sRow + L);
    }

    /**
     * 1 query against 4 vectors of keys.
     *
     * @param d elements of a head
     * @param q queries from {@code qFrom} as [d, 1]
     * @param s receives the dot products, vector w at {@code sFrom + w * L}, queries {@code sRow} apart
     */
    static void scores1x4(
            int d, float[] q, int qFrom, float[] k0, int at0, float[] k1, int at1, float[] k2, int at2, float[] k3, int at3, float[] s, int sFrom, int sRow) {
        FloatVector s00 = FloatVector.zero(Lanes.FLOATS);
        FloatVector s01 = FloatVector.zero(Lanes.FLOATS);
        FloatVector s02 = FloatVector.zero(Lanes.FLOATS);
        FloatVector s03 = FloatVector.zero(Lanes.FLOATS);
        for (int i = 0; i < d; i++) {
            FloatVector key0 = FloatVector.fromArray(Lanes.FLOATS, k0, at0 + i * KEYS);
            FloatVector key1 = FloatVector.fromArray(Lanes.FLOATS, k1, at1 + i * KEYS);
            FloatVector key2 = FloatVector.fromArray(Lanes.FLOATS, k2, at2 + i * KEYS);
            FloatVector key3 = FloatVector.fromArray(Lanes.FLOATS, k3, at3 + i * KEYS);
            FloatVector q0 = FloatVector.broadcast(Lanes.FLOATS, q[qFrom + i]);
            s00 = q0.fma(key0, s00);
            s01 = q0.fma(key1, s01);
            s02 = q0.fma(key2, s02);
            s03 = q0.fma(key3, s03);
        }
        s00.intoArray(s, sFrom);
        s01.intoArray(s, sFrom + L);
        s02.intoArray(s, sFrom + 2 * L);
        s03.intoArray(s, sFrom + 3 * L);
    }

    /** 4 output rows, 2 vectors wide: {@code c[r] += Σ_t a[aFrom + r * aRow + t * aStep] · b[bFrom + t * bStep ..]}. */
    static void sums4x2(
            int n, float[] a, int aFrom, int aRow, int aStep, float[] b, int bFrom, int bStep, float[] c, int cFrom, int cRow) {
        FloatVector c00 = FloatVector.fromArray(Lanes.FLOATS, c, cFrom);
        FloatVector c01 = FloatVector.fromArray(Lanes.FLOATS, c, cFrom + L);
        FloatVector c10 = FloatVector.fromArray(Lanes.FLOATS, c, cFrom + cRow);
        FloatVector c11 = FloatVector.fromArray(Lanes.FLOATS, c, cFrom + cRow + L);
        FloatVector c20 = FloatVector.fromArray(Lanes.FLOATS, c, cFrom + 2 * cRow);
        FloatVector c21 = FloatVector.fromArray(Lanes.FLOATS, c, cFrom + 2 * cRow + L);
        FloatVector c30 = FloatVector.fromArray(Lanes.FLOATS, c, cFrom + 3 * cRow);
        FloatVector c31 = FloatVector.fromArray(Lanes.FLOATS, c, cFrom + 3 * cRow + L);
        int a1 = aFrom + aRow;
        int a2 = aFrom + 2 * aRow;
        int a3 = aFrom + 3 * aRow;
        for (int t = 0; t < n; t++) {
            int bAt = bFrom + t * bStep;
            int step = t * aStep;
            FloatVector b0 = FloatVector.fromArray(Lanes.FLOATS, b, bAt);
            FloatVector b1 = FloatVector.fromArray(Lanes.FLOATS, b, bAt + L);
            FloatVector x0 = FloatVector.broadcast(Lanes.FLOATS, a[aFrom + step]);
            c00 = x0.fma(b0, c00);
            c01 = x0.fma(b1, c01);
            FloatVector x1 = FloatVector.broadcast(Lanes.FLOATS, a[a1 + step]);
            c10 = x1.fma(b0, c10);
            c11 = x1.fma(b1, c11);
            FloatVector x2 = FloatVector.broadcast(Lanes.FLOATS, a[a2 + step]);
            c20 = x2.fma(b0, c20);
            c21 = x2.fma(b1, c21);
            FloatVector x3 = FloatVector.broadcast(Lanes.FLOATS, a[a3 + step]);
            c30 = x3.fma(b0, c30);
            c31 = x3.fma(b1, c31);
        }
        c00.intoArray(c, cFrom);
        c01.intoArray(c, cFrom + L);
        c10.intoArray(c, cFrom + cRow);
        c11.intoArray(c, cFrom + cRow + L);
        c20.intoArray(c, cFrom + 2 * cRow);
        c21.intoArray(c, cFrom + 2 * cRow + L);
        c30.intoArray(c, cFrom + 3 * cRow);
        c31.intoArray(c, cFrom + 3 * cRow + L);
    }

    /** 4 output rows, 1 vector wide: {@code c[r] += Σ_t a[aFrom + r * aRow + t * aStep] · b[bFrom + t * bStep ..]}. */
    static void sums4x1(
            int n, float[] a, int aFrom, int aRow, int aStep, float[] b, int bFrom, int bStep, float[] c, int cFrom, int cRow) {
        FloatVector c00 = FloatVector.fromArray(Lanes.FLOATS, c, cFrom);
        FloatVector c10 = FloatVector.fromArray(Lanes.FLOATS, c, cFrom + cRow);
        FloatVector c20 = FloatVector.fromArray(Lanes.FLOATS, c, cFrom + 2 * cRow);
        FloatVector c30 = FloatVector.fromArray(Lanes.FLOATS, c, cFrom + 3 * cRow);
        int a1 = aFrom + aRow;
        int a2 = aFrom + 2 * aRow;
        int a3 = aFrom + 3 * aRow;
        for (int t = 0; t < n; t++) {
            int bAt = bFrom + t * bStep;
            int step = t * aStep;
            FloatVector b0 = FloatVector.fromArray(Lanes.FLOATS, b, bAt);
            FloatVector x0 = FloatVector.broadcast(Lanes.FLOATS, a[aFrom + step]);
            c00 = x0.fma(b0, c00);
            FloatVector x1 = FloatVector.broadcast(Lanes.FLOATS, a[a1 + step]);
            c10 = x1.fma(b0, c10);
            FloatVector x2 = FloatVector.broadcast(Lanes.FLOATS, a[a2 + step]);
            c20 = x2.fma(b0, c20);
            FloatVector x3 = FloatVector.broadcast(Lanes.FLOATS, a[a3 + step]);
            c30 = x3.fma(b0, c30);
        }
        c00.intoArray(c, cFrom);
        c10.intoArray(c, cFrom + cRow);
        c20.intoArray(c, cFrom + 2 * cRow);
        c30.intoArray(c, cFrom + 3 * cRow);
    }

    /** 1 output row, 4 vectors wide: {@code c[r] += Σ_t a[aFrom + r * aRow + t * aStep] · b[bFrom + t * bStep ..]}. */
    static void sums1x4(
            int n, float[] a, int aFrom, int aRow, int aStep, float[] b, int bFrom, int bStep, float[] c, int cFrom, int cRow) {
        FloatVector c00 = FloatVector.fromArray(Lanes.FLOATS, c, cFrom);
        FloatVector c01 = FloatVector.fromArray(Lanes.FLOATS, c, cFrom + L);
        FloatVector c02 = FloatVector.fromArray(Lanes.FLOATS, c, cFrom + 2 * L);
        FloatVector c03 = FloatVector.fromArray(Lanes.FLOATS, c, cFrom + 3 * L);
        for (int t = 0; t < n; t++) {
            int bAt = bFrom + t * bStep;
            int step = t * aStep;
            FloatVector b0 = FloatVector.fromArray(Lanes.FLOATS, b, bAt);
            FloatVector b1 = FloatVector.fromArray(Lanes.FLOATS, b, bAt + L);
            FloatVector b2 = FloatVector.fromArray(Lanes.FLOATS, b, bAt + 2 * L);
            FloatVector b3 = FloatVector.fromArray(Lanes.FLOATS, b, bAt + 3 * L);
            FloatVector x0 = FloatVector.broadcast(Lanes.FLOATS, a[aFrom + step]);
            c00 = x0.fma(b0, c00);
            c01 = x0.fma(b1, c01);
            c02 = x0.fma(b2, c02);
            c03 = x0.fma(b3, c03);
        }
        c00.intoArray(c, cFrom);
        c01.intoArray(c, cFrom + L);
        c02.intoArray(c, cFrom + 2 * L);
        c03.intoArray(c, cFrom + 3 * L);
    }

    /** 1 output row, 2 vectors wide: {@code c[r] += Σ_t a[aFrom + r * aRow + t * aStep] · b[bFrom + t * bStep ..]}. */
    static void sums1x2(
            int n, float[] a, int aFrom, int aRow, int aStep, float[] b, int bFrom, int bStep, float[] c, int cFrom, int cRow) {
        FloatVector c00 = FloatVector.fromArray(Lanes.FLOATS, c, cFrom);
        FloatVector c01 = FloatVector.fromArray(Lanes.FLOATS, c, cFrom + L);
        for (int t = 0; t < n; t++) {
            int bAt = bFrom + t * bStep;
            int step = t * aStep;
            FloatVector b0 = FloatVector.fromArray(Lanes.FLOATS, b, bAt);
            FloatVector b1 = FloatVector.fromArray(Lanes.FLOATS, b, bAt + L);
            FloatVector x0 = FloatVector.broadcast(Lanes.FLOATS, a[aFrom + step]);
            c00 = x0.fma(b0, c00);
            c01 = x0.fma(b1, c01);
        }
        c00.intoArray(c, cFrom);
        c01.intoArray(c, cFrom + L);
    }

    /** 1 output row, 1 vector wide: {@code c[r] += Σ_t a[aFrom + r * aRow + t * aStep] · b[bFrom + t * bStep ..]}. */
    static void sums1x1(
            int n, float[] a, int aFrom, int aRow, int aStep, float[] b, int bFrom, int bStep, float[] c, int cFrom, int cRow) {
        FloatVector c00 = FloatVector.fromArray(Lanes.FLOATS, c, cFrom);
        for (int t = 0; t < n; t++) {
            int bAt = bFrom + t * bStep;
            int step = t * aStep;
            FloatVector b0 = FloatVector.fromArray(Lanes.FLOATS, b, bAt);
            FloatVector x0 = FloatVector.broadcast(Lanes.FLOATS, a[aFrom + step]);
            c00 = x0.fma(b0, c00);
        }
        c00.intoArray(c, cFrom);
    }

    /** {@link #sums4x2} across {@code width} elements, a multiple of the vector length. */
    static void sums4(
            int n, float[] a, int aFrom, int aRow, int aStep, float[] b, int bFrom, int bStep, float[] c, int cFrom,
            int cRow, int width) {
        int i = 0;
        for (; i + 2 * L <= width; i += 2 * L) {
            sums4x2(n, a, aFrom, aRow, aStep, b, bFrom + i, bStep, c, cFrom + i, cRow);
        }
        if (i < width) {
            sums4x1(n, a, aFrom, aRow, aStep, b, bFrom + i, bStep, c, cFrom + i, cRow);
        }
    }

    /** {@link #sums1x4} across {@code width} elements, a multiple of the vector length. */
    static void sums1(
            int n, float[] a, int aFrom, int aStep, float[] b, int bFrom, int bStep, float[] c, int cFrom, int width) {
        int i = 0;
        for (; i + 4 * L <= width; i += 4 * L) {
            sums1x4(n, a, aFrom, 0, aStep, b, bFrom + i, bStep, c, cFrom + i, 0);
        }
        if (i + 2 * L <= width) {
            sums1x2(n, a, aFrom, 0, aStep, b, bFrom + i, bStep, c, cFrom + i, 0);
            i += 2 * L;
        }
        if (i < width) {
            sums1x1(n, a, aFrom, 0, aStep, b, bFrom + i, bStep, c, cFrom + i, 0);
        }
    }
}
