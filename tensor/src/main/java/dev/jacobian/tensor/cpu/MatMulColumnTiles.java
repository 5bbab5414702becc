// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.cpu;

import jdk.incubator.vector.FloatVector;

/**
 * The {@linkplain MatMulTiles register tiles} for a left operand that lies by columns: what a weight gradient is made of, whose
 * left operand is transposed.
 *
 * <p>Turning it round number by number costs as much as a sixth of such a product. Here it is only gathered, a vector at a
 * time, to groups of {@value #GROUP} rows, and a tile finds its numbers of one step of k beside each other. The chains, and so
 * the bits, are those of the other tiles.
 *
 * <p>All have the same arguments: {@code k} steps; the left operand {@code a} as a group of [k, {@value #GROUP}] of which
 * {@code aFrom} is the tile's first row; and the rest as there.
 */
final class MatMulColumnTiles {
    /** Rows of a group: a cache line. */
    static final int GROUP = 16;

    private static final int L = Lanes.COUNT;

    private MatMulColumnTiles() {}

    static void tile8x2(
            int k,
            float[] a,
            int aFrom,
            float[] b,
            int bFrom,
            int bStrip,
            float[] c,
            int cFrom,
            int cRow,
            boolean load) {
        FloatVector c00 = FloatVector.zero(Lanes.FLOATS);
        FloatVector c01 = FloatVector.zero(Lanes.FLOATS);
        FloatVector c10 = FloatVector.zero(Lanes.FLOATS);
        FloatVector c11 = FloatVector.zero(Lanes.FLOATS);
        FloatVector c20 = FloatVector.zero(Lanes.FLOATS);
        FloatVector c21 = FloatVector.zero(Lanes.FLOATS);
        FloatVector c30 = FloatVector.zero(Lanes.FLOATS);
        FloatVector c31 = FloatVector.zero(Lanes.FLOATS);
        FloatVector c40 = FloatVector.zero(Lanes.FLOATS);
        FloatVector c41 = FloatVector.zero(Lanes.FLOATS);
        FloatVector c50 = FloatVector.zero(Lanes.FLOATS);
        FloatVector c51 = FloatVector.zero(Lanes.FLOATS);
        FloatVector c60 = FloatVector.zero(Lanes.FLOATS);
        FloatVector c61 = FloatVector.zero(Lanes.FLOATS);
        FloatVector c70 = FloatVector.zero(Lanes.FLOATS);
        FloatVector c71 = FloatVector.zero(Lanes.FLOATS);
        if (load) {
            c00 = FloatVector.fromArray(Lanes.FLOATS, c, cFrom);
            c01 = FloatVector.fromArray(Lanes.FLOATS, c, cFrom + L);
            c10 = FloatVector.fromArray(Lanes.FLOATS, c, cFrom + cRow);
            c11 = FloatVector.fromArray(Lanes.FLOATS, c, cFrom + cRow + L);
            c20 = FloatVector.fromArray(Lanes.FLOATS, c, cFrom + 2 * cRow);
            c21 = FloatVector.fromArray(Lanes.FLOATS, c, cFrom + 2 * cRow + L);
            c30 = FloatVector.fromArray(Lanes.FLOATS, c, cFrom + 3 * cRow);
            c31 = FloatVector.fromArray(Lanes.FLOATS, c, cFrom + 3 * cRow + L);
            c40 = FloatVector.fromArray(Lanes.FLOATS, c, cFrom + 4 * cRow);
            c41 = FloatVector.fromArray(Lanes.FLOATS, c, cFrom + 4 * cRow + L);
            c50 = FloatVector.fromArray(Lanes.FLOATS, c, cFrom + 5 * cRow);
            c51 = FloatVector.fromArray(Lanes.FLOATS, c, cFrom + 5 * cRow + L);
            c60 = FloatVector.fromArray(Lanes.FLOATS, c, cFrom + 6 * cRow);
            c61 = FloatVector.fromArray(Lanes.FLOATS, c, cFrom + 6 * cRow + L);
            c70 = FloatVector.fromArray(Lanes.FLOATS, c, cFrom + 7 * cRow);
            c71 = FloatVector.fromArray(Lanes.FLOATS, c, cFrom + 7 * cRow + L);
        }
        for (int p = 0; p < k; p++) {
            int at = aFrom + p * GROUP;
            FloatVector b0 = FloatVector.fromArray(Lanes.FLOATS, b, bFrom + p * L);
            FloatVector b1 = FloatVector.fromArray(Lanes.FLOATS, b, bFrom + bStrip + p * L);
            FloatVector x0 = FloatVector.broadcast(Lanes.FLOATS, a[at]);
            c00 = x0.fma(b0, c00);
            c01 = x0.fma(b1, c01);
            FloatVector x1 = FloatVector.broadcast(Lanes.FLOATS, a[at + 1]);
            c10 = x1.fma(b0, c10);
            c11 = x1.fma(b1, c11);
            FloatVector x2 = FloatVector.broadcast(Lanes.FLOATS, a[at + 2]);
            c20 = x2.fma(b0, c20);
            c21 = x2.fma(b1, c21);
            FloatVector x3 = FloatVector.broadcast(Lanes.FLOATS, a[at + 3]);
            c30 = x3.fma(b0, c30);
            c31 = x3.fma(b1, c31);
            FloatVector x4 = FloatVector.broadcast(Lanes.FLOATS, a[at + 4]);
            c40 = x4.fma(b0, c40);
            c41 = x4.fma(b1, c41);
            FloatVector x5 = FloatVector.broadcast(Lanes.FLOATS, a[at + 5]);
            c50 = x5.fma(b0, c50);
            c51 = x5.fma(b1, c51);
            FloatVector x6 = FloatVector.broadcast(Lanes.FLOATS, a[at + 6]);
            c60 = x6.fma(b0, c60);
            c61 = x6.fma(b1, c61);
            FloatVector x7 = FloatVector.broadcast(Lanes.FLOATS, a[at + 7]);
            c70 = x7.fma(b0, c70);
            c71 = x7.fma(b1, c71);
        }
        c00.intoArray(c, cFrom);
        c01.intoArray(c, cFrom + L);
        c10.intoArray(c, cFrom + cRow);
        c11.intoArray(c, cFrom + cRow + L);
        c20.intoArray(c, cFrom + 2 * cRow);
        c21.intoArray(c, cFrom + 2 * cRow + L);
        c30.intoArray(c, cFrom + 3 * cRow);
        c31.intoArray(c, cFrom + 3 * cRow + L);
        c40.intoArray(c, cFrom + 4 * cRow);
        c41.intoArray(c, cFrom + 4 * cRow + L);
        c50.intoArray(c, cFrom + 5 * cRow);
        c51.intoArray(c, cFrom + 5 * cRow + L);
        c60.intoArray(c, cFrom + 6 * cRow);
        c61.intoArray(c, cFrom + 6 * cRow + L);
        c70.intoArray(c, cFrom + 7 * cRow);
        c71.intoArray(c, cFrom + 7 * cRow + L);
    }

    static void tile8x1(
            int k,
            float[] a,
            int aFrom,
            float[] b,
            int bFrom,
            int bStrip,
            float[] c,
            int cFrom,
            int cRow,
            boolean load) {
        FloatVector c00 = FloatVector.zero(Lanes.FLOATS);
        FloatVector c10 = FloatVector.zero(Lanes.FLOATS);
        FloatVector c20 = FloatVector.zero(Lanes.FLOATS);
        FloatVector c30 = FloatVector.zero(Lanes.FLOATS);
        FloatVector c40 = FloatVector.zero(Lanes.FLOATS);
        FloatVector c50 = FloatVector.zero(Lanes.FLOATS);
        FloatVector c60 = FloatVector.zero(Lanes.FLOATS);
        FloatVector c70 = FloatVector.zero(Lanes.FLOATS);
        if (load) {
            c00 = FloatVector.fromArray(Lanes.FLOATS, c, cFrom);
            c10 = FloatVector.fromArray(Lanes.FLOATS, c, cFrom + cRow);
            c20 = FloatVector.fromArray(Lanes.FLOATS, c, cFrom + 2 * cRow);
            c30 = FloatVector.fromArray(Lanes.FLOATS, c, cFrom + 3 * cRow);
            c40 = FloatVector.fromArray(Lanes.FLOATS, c, cFrom + 4 * cRow);
            c50 = FloatVector.fromArray(Lanes.FLOATS, c, cFrom + 5 * cRow);
            c60 = FloatVector.fromArray(Lanes.FLOATS, c, cFrom + 6 * cRow);
            c70 = FloatVector.fromArray(Lanes.FLOATS, c, cFrom + 7 * cRow);
        }
        for (int p = 0; p < k; p++) {
            int at = aFrom + p * GROUP;
            FloatVector b0 = FloatVector.fromArray(Lanes.FLOATS, b, bFrom + p * L);
            FloatVector x0 = FloatVector.broadcast(Lanes.FLOATS, a[at]);
            c00 = x0.fma(b0, c00);
            FloatVector x1 = FloatVector.broadcast(Lanes.FLOATS, a[at + 1]);
            c10 = x1.fma(b0, c10);
            FloatVector x2 = FloatVector.broadcast(Lanes.FLOATS, a[at + 2]);
            c20 = x2.fma(b0, c20);
            FloatVector x3 = FloatVector.broadcast(Lanes.FLOATS, a[at + 3]);
            c30 = x3.fma(b0, c30);
            FloatVector x4 = FloatVector.broadcast(Lanes.FLOATS, a[at + 4]);
            c40 = x4.fma(b0, c40);
            FloatVector x5 = FloatVector.broadcast(Lanes.FLOATS, a[at + 5]);
            c50 = x5.fma(b0, c50);
            FloatVector x6 = FloatVector.broadcast(Lanes.FLOATS, a[at + 6]);
            c60 = x6.fma(b0, c60);
            FloatVector x7 = FloatVector.broadcast(Lanes.FLOATS, a[at + 7]);
            c70 = x7.fma(b0, c70);
        }
        c00.intoArray(c, cFrom);
        c10.intoArray(c, cFrom + cRow);
        c20.intoArray(c, cFrom + 2 * cRow);
        c30.intoArray(c, cFrom + 3 * cRow);
        c40.intoArray(c, cFrom + 4 * cRow);
        c50.intoArray(c, cFrom + 5 * cRow);
        c60.intoArray(c, cFrom + 6 * cRow);
        c70.intoArray(c, cFrom + 7 * cRow);
    }

    static void tile4x3(
            int k,
            float[] a,
            int aFrom,
            float[] b,
            int bFrom,
            int bStrip,
            float[] c,
            int cFrom,
            int cRow,
            boolean load) {
        FloatVector c00 = FloatVector.zero(Lanes.FLOATS);
        FloatVector c01 = FloatVector.zero(Lanes.FLOATS);
        FloatVector c02 = FloatVector.zero(Lanes.FLOATS);
        FloatVector c10 = FloatVector.zero(Lanes.FLOATS);
        FloatVector c11 = FloatVector.zero(Lanes.FLOATS);
        FloatVector c12 = FloatVector.zero(Lanes.FLOATS);
        FloatVector c20 = FloatVector.zero(Lanes.FLOATS);
        FloatVector c21 = FloatVector.zero(Lanes.FLOATS);
        FloatVector c22 = FloatVector.zero(Lanes.FLOATS);
        FloatVector c30 = FloatVector.zero(Lanes.FLOATS);
        FloatVector c31 = FloatVector.zero(Lanes.FLOATS);
        FloatVector c32 = FloatVector.zero(Lanes.FLOATS);
        if (load) {
            c00 = FloatVector.fromArray(Lanes.FLOATS, c, cFrom);
            c01 = FloatVector.fromArray(Lanes.FLOATS, c, cFrom + L);
            c02 = FloatVector.fromArray(Lanes.FLOATS, c, cFrom + 2 * L);
            c10 = FloatVector.fromArray(Lanes.FLOATS, c, cFrom + cRow);
            c11 = FloatVector.fromArray(Lanes.FLOATS, c, cFrom + cRow + L);
            c12 = FloatVector.fromArray(Lanes.FLOATS, c, cFrom + cRow + 2 * L);
            c20 = FloatVector.fromArray(Lanes.FLOATS, c, cFrom + 2 * cRow);
            c21 = FloatVector.fromArray(Lanes.FLOATS, c, cFrom + 2 * cRow + L);
            c22 = FloatVector.fromArray(Lanes.FLOATS, c, cFrom + 2 * cRow + 2 * L);
            c30 = FloatVector.fromArray(Lanes.FLOATS, c, cFrom + 3 * cRow);
            c31 = FloatVector.fromArray(Lanes.FLOATS, c, cFrom + 3 * cRow + L);
            c32 = FloatVector.fromArray(Lanes.FLOATS, c, cFrom + 3 * cRow + 2 * L);
        }
        for (int p = 0; p < k; p++) {
            int at = aFrom + p * GROUP;
            FloatVector b0 = FloatVector.fromArray(Lanes.FLOATS, b, bFrom + p * L);
            FloatVector b1 = FloatVector.fromArray(Lanes.FLOATS, b, bFrom + bStrip + p * L);
            FloatVector b2 = FloatVector.fromArray(Lanes.FLOATS, b, bFrom + 2 * bStrip + p * L);
            FloatVector x0 = FloatVector.broadcast(Lanes.FLOATS, a[at]);
            c00 = x0.fma(b0, c00);
            c01 = x0.fma(b1, c01);
            c02 = x0.fma(b2, c02);
            FloatVector x1 = FloatVector.broadcast(Lanes.FLOATS, a[at + 1]);
            c10 = x1.fma(b0, c10);
            c11 = x1.fma(b1, c11);
            c12 = x1.fma(b2, c12);
            FloatVector x2 = FloatVector.broadcast(Lanes.FLOATS, a[at + 2]);
            c20 = x2.fma(b0, c20);
            c21 = x2.fma(b1, c21);
            c22 = x2.fma(b2, c22);
            FloatVector x3 = FloatVector.broadcast(Lanes.FLOATS, a[at + 3]);
            c30 = x3.fma(b0, c30);
            c31 = x3.fma(b1, c31);
            c32 = x3.fma(b2, c32);
        }
        c00.intoArray(c, cFrom);
        c01.intoArray(c, cFrom + L);
        c02.intoArray(c, cFrom + 2 * L);
        c10.intoArray(c, cFrom + cRow);
        c11.intoArray(c, cFrom + cRow + L);
        c12.intoArray(c, cFrom + cRow + 2 * L);
        c20.intoArray(c, cFrom + 2 * cRow);
        c21.intoArray(c, cFrom + 2 * cRow + L);
        c22.intoArray(c, cFrom + 2 * cRow + 2 * L);
        c30.intoArray(c, cFrom + 3 * cRow);
        c31.intoArray(c, cFrom + 3 * cRow + L);
        c32.intoArray(c, cFrom + 3 * cRow + 2 * L);
    }

    static void tile4x2(
            int k,
            float[] a,
            int aFrom,
            float[] b,
            int bFrom,
            int bStrip,
            float[] c,
            int cFrom,
            int cRow,
            boolean load) {
        FloatVector c00 = FloatVector.zero(Lanes.FLOATS);
        FloatVector c01 = FloatVector.zero(Lanes.FLOATS);
        FloatVector c10 = FloatVector.zero(Lanes.FLOATS);
        FloatVector c11 = FloatVector.zero(Lanes.FLOATS);
        FloatVector c20 = FloatVector.zero(Lanes.FLOATS);
        FloatVector c21 = FloatVector.zero(Lanes.FLOATS);
        FloatVector c30 = FloatVector.zero(Lanes.FLOATS);
        FloatVector c31 = FloatVector.zero(Lanes.FLOATS);
        if (load) {
            c00 = FloatVector.fromArray(Lanes.FLOATS, c, cFrom);
            c01 = FloatVector.fromArray(Lanes.FLOATS, c, cFrom + L);
            c10 = FloatVector.fromArray(Lanes.FLOATS, c, cFrom + cRow);
            c11 = FloatVector.fromArray(Lanes.FLOATS, c, cFrom + cRow + L);
            c20 = FloatVector.fromArray(Lanes.FLOATS, c, cFrom + 2 * cRow);
            c21 = FloatVector.fromArray(Lanes.FLOATS, c, cFrom + 2 * cRow + L);
            c30 = FloatVector.fromArray(Lanes.FLOATS, c, cFrom + 3 * cRow);
            c31 = FloatVector.fromArray(Lanes.FLOATS, c, cFrom + 3 * cRow + L);
        }
        for (int p = 0; p < k; p++) {
            int at = aFrom + p * GROUP;
            FloatVector b0 = FloatVector.fromArray(Lanes.FLOATS, b, bFrom + p * L);
            FloatVector b1 = FloatVector.fromArray(Lanes.FLOATS, b, bFrom + bStrip + p * L);
            FloatVector x0 = FloatVector.broadcast(Lanes.FLOATS, a[at]);
            c00 = x0.fma(b0, c00);
            c01 = x0.fma(b1, c01);
            FloatVector x1 = FloatVector.broadcast(Lanes.FLOATS, a[at + 1]);
            c10 = x1.fma(b0, c10);
            c11 = x1.fma(b1, c11);
            FloatVector x2 = FloatVector.broadcast(Lanes.FLOATS, a[at + 2]);
            c20 = x2.fma(b0, c20);
            c21 = x2.fma(b1, c21);
            FloatVector x3 = FloatVector.broadcast(Lanes.FLOATS, a[at + 3]);
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

    static void tile4x1(
            int k,
            float[] a,
            int aFrom,
            float[] b,
            int bFrom,
            int bStrip,
            float[] c,
            int cFrom,
            int cRow,
            boolean load) {
        FloatVector c00 = FloatVector.zero(Lanes.FLOATS);
        FloatVector c10 = FloatVector.zero(Lanes.FLOATS);
        FloatVector c20 = FloatVector.zero(Lanes.FLOATS);
        FloatVector c30 = FloatVector.zero(Lanes.FLOATS);
        if (load) {
            c00 = FloatVector.fromArray(Lanes.FLOATS, c, cFrom);
            c10 = FloatVector.fromArray(Lanes.FLOATS, c, cFrom + cRow);
            c20 = FloatVector.fromArray(Lanes.FLOATS, c, cFrom + 2 * cRow);
            c30 = FloatVector.fromArray(Lanes.FLOATS, c, cFrom + 3 * cRow);
        }
        for (int p = 0; p < k; p++) {
            int at = aFrom + p * GROUP;
            FloatVector b0 = FloatVector.fromArray(Lanes.FLOATS, b, bFrom + p * L);
            FloatVector x0 = FloatVector.broadcast(Lanes.FLOATS, a[at]);
            c00 = x0.fma(b0, c00);
            FloatVector x1 = FloatVector.broadcast(Lanes.FLOATS, a[at + 1]);
            c10 = x1.fma(b0, c10);
            FloatVector x2 = FloatVector.broadcast(Lanes.FLOATS, a[at + 2]);
            c20 = x2.fma(b0, c20);
            FloatVector x3 = FloatVector.broadcast(Lanes.FLOATS, a[at + 3]);
            c30 = x3.fma(b0, c30);
        }
        c00.intoArray(c, cFrom);
        c10.intoArray(c, cFrom + cRow);
        c20.intoArray(c, cFrom + 2 * cRow);
        c30.intoArray(c, cFrom + 3 * cRow);
    }
}
