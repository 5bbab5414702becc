// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor;

import dev.jacobian.testing.Bits;

/** Inputs and comparisons for kernel tests. */
public final class Numbers {
    private static final float[] EDGES = {
        Float.NaN,
        Float.POSITIVE_INFINITY,
        Float.NEGATIVE_INFINITY,
        0f,
        -0f,
        Float.MIN_VALUE,
        -Float.MIN_VALUE,
        Float.MIN_NORMAL,
        Float.MAX_VALUE,
        -Float.MAX_VALUE,
        1e20f,
        -1e20f,
        1e-20f,
        88.9f,
        -103.5f
    };

    private Numbers() {}

    /** Standard normal numbers; a view into a larger array, so that offsets are not zero. */
    public static Tensor normal(Rng rng, int... extents) {
        int n = Shape.of(extents).elements();
        int before = rng.nextInt(20);
        float[] values = new float[before + n + 3];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) rng.nextGaussian();
        }
        return Tensor.of(values, values.length).slice(0, before, before + n).reshape(extents);
    }

    /** Normal numbers with NaN, infinities, zeros of both signs, subnormal and huge numbers among them. */
    public static Tensor wild(Rng rng, int... extents) {
        Tensor x = normal(rng, extents);
        for (int i = 0; i < x.elements(); i++) {
            if (rng.nextInt(7) == 0) {
                x.floats()[x.offset() + i] = EDGES[rng.nextInt(EDGES.length)];
            }
        }
        return x;
    }

    /** A matrix of normal numbers with random strides: dense, transposed, or cut from a larger one. */
    public static Tensor strided(Rng rng, int rows, int columns, boolean wild) {
        boolean transposed = rng.nextInt(2) == 0;
        int r = transposed ? columns : rows;
        int c = transposed ? rows : columns;
        int moreRows = rng.nextInt(3);
        int moreColumns = rng.nextInt(3) * 5;
        Tensor big = wild ? wild(rng, r + moreRows, c + moreColumns) : normal(rng, r + moreRows, c + moreColumns);
        int fromRow = rng.nextInt(moreRows + 1);
        int fromColumn = rng.nextInt(moreColumns + 1);
        Tensor cut = big.slice(0, fromRow, fromRow + r).slice(1, fromColumn, fromColumn + c);
        return transposed ? cut.t() : cut;
    }

    /** A batch of matrices of normal numbers with random strides: any order of dimensions, dense or cut from a larger one. */
    public static Tensor stridedBatch(Rng rng, int batch, int rows, int columns, boolean wild) {
        int[] extents = {batch, rows, columns};
        int last = rng.nextInt(3); // the dimension that lies densest
        int middle = (last + 1 + rng.nextInt(2)) % 3;
        int first = 3 - last - middle;
        int more = rng.nextInt(2);
        int moreColumns = rng.nextInt(3) * 5;
        int[] wide = {extents[first] + rng.nextInt(2), extents[middle] + more, extents[last] + moreColumns};
        Tensor big = wild ? wild(rng, wide) : normal(rng, wide);
        int from = rng.nextInt(moreColumns + 1);
        Tensor cut = big.slice(0, 0, extents[first])
                .slice(1, more, more + extents[middle])
                .slice(2, from, from + extents[last]);
        // Dimension i of cut is dimension order[i] of the result.
        int[] order = {first, middle, last};
        for (int d = 0; d < 2; d++) {
            int at = order[d] == d ? d : order[d + 1] == d ? d + 1 : 2;
            cut = cut.transpose(d, at);
            int moved = order[d];
            order[d] = order[at];
            order[at] = moved;
        }
        return cut;
    }

    /** Fails unless both hold the same bits; all NaNs count as the same. */
    public static void assertSameBits(Tensor actual, Tensor expected, String what) {
        Bits.assertBitsOrNaN(what, actual.toFloatArray(), expected.toFloatArray());
    }
}
