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
     * 4 queries, each with keys of its own head, against 2 vectors of keys: {@link #scores4x2} for one token.
     *
     * @param h0 to h3: where a query's head begins in a page of keys, on top of {@code at0} and {@code at1}
     */
    static void headScores4x2(
            int d,
            float[] q,
            float[] k0,
            int at0,
            float[] k1,
            int at1,
            int h0,
            int h1,
            int h2,
            int h3,
            float[] s,
            int sFrom,
            int sRow) {
        FloatVector s00 = FloatVector.zero(Lanes.FLOATS);
        FloatVector s01 = FloatVector.zero(Lanes.FLOATS);
        FloatVector s10 = FloatVector.zero(Lanes.FLOATS);
        FloatVector s11 = FloatVector.zero(Lanes.FLOATS);
        FloatVector s20 = FloatVector.zero(Lanes.FLOATS);
        FloatVector s21 = FloatVector.zero(Lanes.FLOATS);
        FloatVector s30 = FloatVector.zero(Lanes.FLOATS);
        FloatVector s31 = FloatVector.zero(Lanes.FLOATS);
        for (int i = 0; i < d; i++) {
            FloatVector q0 = FloatVector.broadcast(Lanes.FLOATS, q[i * 4]);
            s00 = q0.fma(FloatVector.fromArray(Lanes.FLOATS, k0, at0 + h0 + i * KEYS), s00);
            s01 = q0.fma(FloatVector.fromArray(Lanes.FLOATS, k1, at1 + h0 + i * KEYS), s01);
            FloatVector q1 = FloatVector.broadcast(Lanes.FLOATS, q[i * 4 + 1]);
            s10 = q1.fma(FloatVector.fromArray(Lanes.FLOATS, k0, at0 + h1 + i * KEYS), s10);
            s11 = q1.fma(FloatVector.fromArray(Lanes.FLOATS, k1, at1 + h1 + i * KEYS), s11);
            FloatVector q2 = FloatVector.broadcast(Lanes.FLOATS, q[i * 4 + 2]);
            s20 = q2.fma(FloatVector.fromArray(Lanes.FLOATS, k0, at0 + h2 + i * KEYS), s20);
            s21 = q2.fma(FloatVector.fromArray(Lanes.FLOATS, k1, at1 + h2 + i * KEYS), s21);
            FloatVector q3 = FloatVector.broadcast(Lanes.FLOATS, q[i * 4 + 3]);
            s30 = q3.fma(FloatVector.fromArray(Lanes.FLOATS, k0, at0 + h3 + i * KEYS), s30);
            s31 = q3.fma(FloatVector.fromArray(Lanes.FLOATS, k1, at1 + h3 + i * KEYS), s31);
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

    /** 4 output rows, 2 vectors wide: {@code c[r] += Σ_j e[eAt + r * eRow + j] · v_j} over the keys [first, end) of pages. */
    static void values4x2(
            float[][] pages,
            int first,
            int end,
            int h,
            int width,
            float[] e,
            int eAt,
            int eRow,
            float[] c,
            int cFrom,
            int cRow) {
        FloatVector c00 = FloatVector.fromArray(Lanes.FLOATS, c, cFrom);
        FloatVector c01 = FloatVector.fromArray(Lanes.FLOATS, c, cFrom + L);
        FloatVector c10 = FloatVector.fromArray(Lanes.FLOATS, c, cFrom + cRow);
        FloatVector c11 = FloatVector.fromArray(Lanes.FLOATS, c, cFrom + cRow + L);
        FloatVector c20 = FloatVector.fromArray(Lanes.FLOATS, c, cFrom + 2 * cRow);
        FloatVector c21 = FloatVector.fromArray(Lanes.FLOATS, c, cFrom + 2 * cRow + L);
        FloatVector c30 = FloatVector.fromArray(Lanes.FLOATS, c, cFrom + 3 * cRow);
        FloatVector c31 = FloatVector.fromArray(Lanes.FLOATS, c, cFrom + 3 * cRow + L);
        int e1 = eAt + eRow;
        int e2 = eAt + 2 * eRow;
        int e3 = eAt + 3 * eRow;
        for (int j = first; j < end; ) {
            float[] page = pages[j / KEYS];
            int at = j % KEYS * width;
            for (int stop = Math.min(end, (j | (KEYS - 1)) + 1); j < stop; j++, at += width) {
                FloatVector v0 = FloatVector.fromArray(Lanes.FLOATS, page, h + at);
                FloatVector v1 = FloatVector.fromArray(Lanes.FLOATS, page, h + at + L);
                FloatVector x0 = FloatVector.broadcast(Lanes.FLOATS, e[eAt + j]);
                c00 = x0.fma(v0, c00);
                c01 = x0.fma(v1, c01);
                FloatVector x1 = FloatVector.broadcast(Lanes.FLOATS, e[e1 + j]);
                c10 = x1.fma(v0, c10);
                c11 = x1.fma(v1, c11);
                FloatVector x2 = FloatVector.broadcast(Lanes.FLOATS, e[e2 + j]);
                c20 = x2.fma(v0, c20);
                c21 = x2.fma(v1, c21);
                FloatVector x3 = FloatVector.broadcast(Lanes.FLOATS, e[e3 + j]);
                c30 = x3.fma(v0, c30);
                c31 = x3.fma(v1, c31);
            }
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

    /** 4 output rows, 1 vector wide: {@code c[r] += Σ_j e[eAt + r * eRow + j] · v_j} over the keys [first, end) of pages. */
    static void values4x1(
            float[][] pages,
            int first,
            int end,
            int h,
            int width,
            float[] e,
            int eAt,
            int eRow,
            float[] c,
            int cFrom,
            int cRow) {
        FloatVector c00 = FloatVector.fromArray(Lanes.FLOATS, c, cFrom);
        FloatVector c10 = FloatVector.fromArray(Lanes.FLOATS, c, cFrom + cRow);
        FloatVector c20 = FloatVector.fromArray(Lanes.FLOATS, c, cFrom + 2 * cRow);
        FloatVector c30 = FloatVector.fromArray(Lanes.FLOATS, c, cFrom + 3 * cRow);
        int e1 = eAt + eRow;
        int e2 = eAt + 2 * eRow;
        int e3 = eAt + 3 * eRow;
        for (int j = first; j < end; ) {
            float[] page = pages[j / KEYS];
            int at = j % KEYS * width;
            for (int stop = Math.min(end, (j | (KEYS - 1)) + 1); j < stop; j++, at += width) {
                FloatVector v0 = FloatVector.fromArray(Lanes.FLOATS, page, h + at);
                FloatVector x0 = FloatVector.broadcast(Lanes.FLOATS, e[eAt + j]);
                c00 = x0.fma(v0, c00);
                FloatVector x1 = FloatVector.broadcast(Lanes.FLOATS, e[e1 + j]);
                c10 = x1.fma(v0, c10);
                FloatVector x2 = FloatVector.broadcast(Lanes.FLOATS, e[e2 + j]);
                c20 = x2.fma(v0, c20);
                FloatVector x3 = FloatVector.broadcast(Lanes.FLOATS, e[e3 + j]);
                c30 = x3.fma(v0, c30);
            }
        }
        c00.intoArray(c, cFrom);
        c10.intoArray(c, cFrom + cRow);
        c20.intoArray(c, cFrom + 2 * cRow);
        c30.intoArray(c, cFrom + 3 * cRow);
    }

    /** As {@link #values4x2}, each row with values of its own head, which begin at {@code h0} to {@code h3} of a page. */
    static void headValues4x2(
            float[][] pages,
            int first,
            int end,
            int h0,
            int h1,
            int h2,
            int h3,
            int width,
            float[] e,
            int eAt,
            int eRow,
            float[] c,
            int cFrom,
            int cRow) {
        FloatVector c00 = FloatVector.fromArray(Lanes.FLOATS, c, cFrom);
        FloatVector c01 = FloatVector.fromArray(Lanes.FLOATS, c, cFrom + L);
        FloatVector c10 = FloatVector.fromArray(Lanes.FLOATS, c, cFrom + cRow);
        FloatVector c11 = FloatVector.fromArray(Lanes.FLOATS, c, cFrom + cRow + L);
        FloatVector c20 = FloatVector.fromArray(Lanes.FLOATS, c, cFrom + 2 * cRow);
        FloatVector c21 = FloatVector.fromArray(Lanes.FLOATS, c, cFrom + 2 * cRow + L);
        FloatVector c30 = FloatVector.fromArray(Lanes.FLOATS, c, cFrom + 3 * cRow);
        FloatVector c31 = FloatVector.fromArray(Lanes.FLOATS, c, cFrom + 3 * cRow + L);
        int e1 = eAt + eRow;
        int e2 = eAt + 2 * eRow;
        int e3 = eAt + 3 * eRow;
        for (int j = first; j < end; ) {
            float[] page = pages[j / KEYS];
            int at = j % KEYS * width;
            for (int stop = Math.min(end, (j | (KEYS - 1)) + 1); j < stop; j++, at += width) {
                FloatVector x0 = FloatVector.broadcast(Lanes.FLOATS, e[eAt + j]);
                c00 = x0.fma(FloatVector.fromArray(Lanes.FLOATS, page, h0 + at), c00);
                c01 = x0.fma(FloatVector.fromArray(Lanes.FLOATS, page, h0 + at + L), c01);
                FloatVector x1 = FloatVector.broadcast(Lanes.FLOATS, e[e1 + j]);
                c10 = x1.fma(FloatVector.fromArray(Lanes.FLOATS, page, h1 + at), c10);
                c11 = x1.fma(FloatVector.fromArray(Lanes.FLOATS, page, h1 + at + L), c11);
                FloatVector x2 = FloatVector.broadcast(Lanes.FLOATS, e[e2 + j]);
                c20 = x2.fma(FloatVector.fromArray(Lanes.FLOATS, page, h2 + at), c20);
                c21 = x2.fma(FloatVector.fromArray(Lanes.FLOATS, page, h2 + at + L), c21);
                FloatVector x3 = FloatVector.broadcast(Lanes.FLOATS, e[e3 + j]);
                c30 = x3.fma(FloatVector.fromArray(Lanes.FLOATS, page, h3 + at), c30);
                c31 = x3.fma(FloatVector.fromArray(Lanes.FLOATS, page, h3 + at + L), c31);
            }
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

    /** As {@link #values4x1}, each row with values of its own head, which begin at {@code h0} to {@code h3} of a page. */
    static void headValues4x1(
            float[][] pages,
            int first,
            int end,
            int h0,
            int h1,
            int h2,
            int h3,
            int width,
            float[] e,
            int eAt,
            int eRow,
            float[] c,
            int cFrom,
            int cRow) {
        FloatVector c00 = FloatVector.fromArray(Lanes.FLOATS, c, cFrom);
        FloatVector c10 = FloatVector.fromArray(Lanes.FLOATS, c, cFrom + cRow);
        FloatVector c20 = FloatVector.fromArray(Lanes.FLOATS, c, cFrom + 2 * cRow);
        FloatVector c30 = FloatVector.fromArray(Lanes.FLOATS, c, cFrom + 3 * cRow);
        int e1 = eAt + eRow;
        int e2 = eAt + 2 * eRow;
        int e3 = eAt + 3 * eRow;
        for (int j = first; j < end; ) {
            float[] page = pages[j / KEYS];
            int at = j % KEYS * width;
            for (int stop = Math.min(end, (j | (KEYS - 1)) + 1); j < stop; j++, at += width) {
                FloatVector x0 = FloatVector.broadcast(Lanes.FLOATS, e[eAt + j]);
                c00 = x0.fma(FloatVector.fromArray(Lanes.FLOATS, page, h0 + at), c00);
                FloatVector x1 = FloatVector.broadcast(Lanes.FLOATS, e[e1 + j]);
                c10 = x1.fma(FloatVector.fromArray(Lanes.FLOATS, page, h1 + at), c10);
                FloatVector x2 = FloatVector.broadcast(Lanes.FLOATS, e[e2 + j]);
                c20 = x2.fma(FloatVector.fromArray(Lanes.FLOATS, page, h2 + at), c20);
                FloatVector x3 = FloatVector.broadcast(Lanes.FLOATS, e[e3 + j]);
                c30 = x3.fma(FloatVector.fromArray(Lanes.FLOATS, page, h3 + at), c30);
            }
        }
        c00.intoArray(c, cFrom);
        c10.intoArray(c, cFrom + cRow);
        c20.intoArray(c, cFrom + 2 * cRow);
        c30.intoArray(c, cFrom + 3 * cRow);
    }

    /** As {@link #headScores4x2}, for two pairs of queries that share the keys of the heads at {@code h0} and {@code h1}. */
    static void pairScores4x2(
            int d,
            float[] q,
            float[] k0,
            int at0,
            float[] k1,
            int at1,
            int h0,
            int h1,
            float[] s,
            int sFrom,
            int sRow) {
        FloatVector s00 = FloatVector.zero(Lanes.FLOATS);
        FloatVector s01 = FloatVector.zero(Lanes.FLOATS);
        FloatVector s10 = FloatVector.zero(Lanes.FLOATS);
        FloatVector s11 = FloatVector.zero(Lanes.FLOATS);
        FloatVector s20 = FloatVector.zero(Lanes.FLOATS);
        FloatVector s21 = FloatVector.zero(Lanes.FLOATS);
        FloatVector s30 = FloatVector.zero(Lanes.FLOATS);
        FloatVector s31 = FloatVector.zero(Lanes.FLOATS);
        for (int i = 0; i < d; i++) {
            FloatVector key00 = FloatVector.fromArray(Lanes.FLOATS, k0, at0 + h0 + i * KEYS);
            FloatVector key01 = FloatVector.fromArray(Lanes.FLOATS, k1, at1 + h0 + i * KEYS);
            FloatVector key10 = FloatVector.fromArray(Lanes.FLOATS, k0, at0 + h1 + i * KEYS);
            FloatVector key11 = FloatVector.fromArray(Lanes.FLOATS, k1, at1 + h1 + i * KEYS);
            FloatVector q0 = FloatVector.broadcast(Lanes.FLOATS, q[i * 4]);
            s00 = q0.fma(key00, s00);
            s01 = q0.fma(key01, s01);
            FloatVector q1 = FloatVector.broadcast(Lanes.FLOATS, q[i * 4 + 1]);
            s10 = q1.fma(key00, s10);
            s11 = q1.fma(key01, s11);
            FloatVector q2 = FloatVector.broadcast(Lanes.FLOATS, q[i * 4 + 2]);
            s20 = q2.fma(key10, s20);
            s21 = q2.fma(key11, s21);
            FloatVector q3 = FloatVector.broadcast(Lanes.FLOATS, q[i * 4 + 3]);
            s30 = q3.fma(key10, s30);
            s31 = q3.fma(key11, s31);
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

    /** As {@link #headValues4x2}, for two pairs of rows that share the values at {@code h0} and {@code h1}. */
    static void pairValues4x2(
            float[][] pages,
            int first,
            int end,
            int h0,
            int h1,
            int width,
            float[] e,
            int eAt,
            int eRow,
            float[] c,
            int cFrom,
            int cRow) {
        FloatVector c00 = FloatVector.fromArray(Lanes.FLOATS, c, cFrom);
        FloatVector c01 = FloatVector.fromArray(Lanes.FLOATS, c, cFrom + L);
        FloatVector c10 = FloatVector.fromArray(Lanes.FLOATS, c, cFrom + cRow);
        FloatVector c11 = FloatVector.fromArray(Lanes.FLOATS, c, cFrom + cRow + L);
        FloatVector c20 = FloatVector.fromArray(Lanes.FLOATS, c, cFrom + 2 * cRow);
        FloatVector c21 = FloatVector.fromArray(Lanes.FLOATS, c, cFrom + 2 * cRow + L);
        FloatVector c30 = FloatVector.fromArray(Lanes.FLOATS, c, cFrom + 3 * cRow);
        FloatVector c31 = FloatVector.fromArray(Lanes.FLOATS, c, cFrom + 3 * cRow + L);
        int e1 = eAt + eRow;
        int e2 = eAt + 2 * eRow;
        int e3 = eAt + 3 * eRow;
        for (int j = first; j < end; ) {
            float[] page = pages[j / KEYS];
            int at = j % KEYS * width;
            for (int stop = Math.min(end, (j | (KEYS - 1)) + 1); j < stop; j++, at += width) {
                FloatVector v00 = FloatVector.fromArray(Lanes.FLOATS, page, h0 + at);
                FloatVector v01 = FloatVector.fromArray(Lanes.FLOATS, page, h0 + at + L);
                FloatVector v10 = FloatVector.fromArray(Lanes.FLOATS, page, h1 + at);
                FloatVector v11 = FloatVector.fromArray(Lanes.FLOATS, page, h1 + at + L);
                FloatVector x0 = FloatVector.broadcast(Lanes.FLOATS, e[eAt + j]);
                c00 = x0.fma(v00, c00);
                c01 = x0.fma(v01, c01);
                FloatVector x1 = FloatVector.broadcast(Lanes.FLOATS, e[e1 + j]);
                c10 = x1.fma(v00, c10);
                c11 = x1.fma(v01, c11);
                FloatVector x2 = FloatVector.broadcast(Lanes.FLOATS, e[e2 + j]);
                c20 = x2.fma(v10, c20);
                c21 = x2.fma(v11, c21);
                FloatVector x3 = FloatVector.broadcast(Lanes.FLOATS, e[e3 + j]);
                c30 = x3.fma(v10, c30);
                c31 = x3.fma(v11, c31);
            }
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

    /** As {@link #headValues4x1}, for two pairs of rows that share the values at {@code h0} and {@code h1}. */
    static void pairValues4x1(
            float[][] pages,
            int first,
            int end,
            int h0,
            int h1,
            int width,
            float[] e,
            int eAt,
            int eRow,
            float[] c,
            int cFrom,
            int cRow) {
        FloatVector c00 = FloatVector.fromArray(Lanes.FLOATS, c, cFrom);
        FloatVector c10 = FloatVector.fromArray(Lanes.FLOATS, c, cFrom + cRow);
        FloatVector c20 = FloatVector.fromArray(Lanes.FLOATS, c, cFrom + 2 * cRow);
        FloatVector c30 = FloatVector.fromArray(Lanes.FLOATS, c, cFrom + 3 * cRow);
        int e1 = eAt + eRow;
        int e2 = eAt + 2 * eRow;
        int e3 = eAt + 3 * eRow;
        for (int j = first; j < end; ) {
            float[] page = pages[j / KEYS];
            int at = j % KEYS * width;
            for (int stop = Math.min(end, (j | (KEYS - 1)) + 1); j < stop; j++, at += width) {
                FloatVector v00 = FloatVector.fromArray(Lanes.FLOATS, page, h0 + at);
                FloatVector v10 = FloatVector.fromArray(Lanes.FLOATS, page, h1 + at);
                FloatVector x0 = FloatVector.broadcast(Lanes.FLOATS, e[eAt + j]);
                c00 = x0.fma(v00, c00);
                FloatVector x1 = FloatVector.broadcast(Lanes.FLOATS, e[e1 + j]);
                c10 = x1.fma(v00, c10);
                FloatVector x2 = FloatVector.broadcast(Lanes.FLOATS, e[e2 + j]);
                c20 = x2.fma(v10, c20);
                FloatVector x3 = FloatVector.broadcast(Lanes.FLOATS, e[e3 + j]);
                c30 = x3.fma(v10, c30);
            }
        }
        c00.intoArray(c, cFrom);
        c10.intoArray(c, cFrom + cRow);
        c20.intoArray(c, cFrom + 2 * cRow);
        c30.intoArray(c, cFrom + 3 * cRow);
    }

    /** 4 output rows, 2 vectors wide: {@code c[r] += Σ_t a[aFrom + r * aRow + t * aStep] · b[bFrom + t * bStep ..]}. */
    static void sums4x2(
            int n,
            float[] a,
            int aFrom,
            int aRow,
            int aStep,
            float[] b,
            int bFrom,
            int bStep,
            float[] c,
            int cFrom,
            int cRow) {
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
            int n,
            float[] a,
            int aFrom,
            int aRow,
            int aStep,
            float[] b,
            int bFrom,
            int bStep,
            float[] c,
            int cFrom,
            int cRow) {
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
            int n,
            float[] a,
            int aFrom,
            int aRow,
            int aStep,
            float[] b,
            int bFrom,
            int bStep,
            float[] c,
            int cFrom,
            int cRow) {
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
            int n,
            float[] a,
            int aFrom,
            int aRow,
            int aStep,
            float[] b,
            int bFrom,
            int bStep,
            float[] c,
            int cFrom,
            int cRow) {
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
            int n,
            float[] a,
            int aFrom,
            int aRow,
            int aStep,
            float[] b,
            int bFrom,
            int bStep,
            float[] c,
            int cFrom,
            int cRow) {
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
            int n,
            float[] a,
            int aFrom,
            int aRow,
            int aStep,
            float[] b,
            int bFrom,
            int bStep,
            float[] c,
            int cFrom,
            int cRow,
            int width) {
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
