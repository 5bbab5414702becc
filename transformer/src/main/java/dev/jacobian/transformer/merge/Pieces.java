// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer.merge;

import dev.jacobian.tensor.ComputePool;

/** Loops over the numbers of a tensor in fixed pieces, which all threads share; sums add up the pieces in their order. */
final class Pieces {
    private static final int PIECE = 1 << 15;

    private Pieces() {}

    /** Work on some elements. */
    interface Range {
        void each(int from, int to);
    }

    /** A sum over some elements. */
    interface Sum {
        double over(int from, int to);
    }

    static void run(int elements, Range work) {
        ComputePool.run(
                Math.ceilDiv(elements, PIECE),
                piece -> work.each(piece * PIECE, (int) Math.min(elements, (piece + 1L) * PIECE)));
    }

    static double sum(int elements, Sum sum) {
        double[] sums = new double[Math.ceilDiv(elements, PIECE)];
        run(elements, (from, to) -> sums[from / PIECE] = sum.over(from, to));
        double total = 0;
        for (double piece : sums) {
            total += piece;
        }
        return total;
    }
}
