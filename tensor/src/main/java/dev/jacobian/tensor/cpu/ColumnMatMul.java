// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.cpu;

import dev.jacobian.tensor.Tensor;
import dev.jacobian.tensor.cpu.Scratch.Slot;
import jdk.incubator.vector.FloatVector;

/** {@link VectorMatMul}'s blocks where the left operand lies by columns; see {@link MatMulColumnTiles}. */
final class ColumnMatMul {
    private static final int L = Lanes.COUNT;
    private static final int GROUP = MatMulColumnTiles.GROUP;
    private static final int ROWS = VectorMatMul.ROWS;
    private static final int K_BLOCK = VectorMatMul.K_BLOCK;
    private static final int ROW_BLOCK = VectorMatMul.ROW_BLOCK;

    /** Floats of a gathered group. */
    private static final int GROUP_STEP = K_BLOCK * GROUP;

    private ColumnMatMul() {}

    /** As {@link VectorMatMul#block}. */
    static void block(
            Tensor a,
            int row,
            int rowEnd,
            int p0,
            int k,
            float[] strips,
            int from,
            int to,
            int n,
            Tensor out,
            int j0,
            boolean load) {
        float[] left = Scratch.current().get(Slot.LEFT, ROW_BLOCK / GROUP * GROUP_STEP);
        for (int p = 0; p < k; p += K_BLOCK) {
            int steps = Math.min(K_BLOCK, k - p);
            gather(a, row, rowEnd, p0 + p, steps, left);
            int sweep = VectorMatMul.sweep(to - from, steps);
            for (int first = row; first < rowEnd; first += sweep) {
                int end = Math.min(rowEnd, first + sweep);
                for (int s = from, width; s < to; s += width) {
                    width = VectorMatMul.width(to - s);
                    for (int r = first; r < end; r += ROWS) {
                        int at = (r - row) / GROUP * GROUP_STEP + (r - row) % GROUP;
                        int rows = Math.min(ROWS, end - r);
                        tile(rows, width, steps, left, at, strips, s, k, p, n, out, r, j0, load || p > 0);
                    }
                }
            }
        }
    }

    private static void tile(
            int rows,
            int width,
            int steps,
            float[] left,
            int at,
            float[] strips,
            int s,
            int k,
            int p,
            int n,
            Tensor out,
            int r,
            int j0,
            boolean load) {
        int b = (s * k + p) * L;
        int columns = Math.min(width * L, n - s * L);
        float[] c = out.floats();
        int cRow = out.extent(1);
        int cAt = out.offset() + r * cRow + j0 + s * L;
        if (rows == ROWS && columns == width * L) {
            MatMulColumnTiles.tile(ROWS, width, steps, left, at, strips, b, k * L, c, cAt, cRow, load);
            return;
        }
        float[] square = Scratch.current().get(Slot.TILE, VectorMatMul.SQUARE);
        int squareRow = width * L;
        if (load) {
            VectorMatMul.copy(c, cAt, cRow, square, 0, squareRow, rows, columns);
        }
        MatMulColumnTiles.tile(ROWS, width, steps, left, at, strips, b, k * L, square, 0, squareRow, load);
        VectorMatMul.copy(square, 0, squareRow, c, cAt, cRow, rows, columns);
    }

    /** Copies rows [row, rowEnd) and k steps from p0 of {@code a} to groups of [k, GROUP]. */
    private static void gather(Tensor a, int row, int rowEnd, int p0, int k, float[] left) {
        float[] from = a.floats();
        int rowStep = a.stride(0);
        int kStep = a.stride(1);
        for (int r = row; r < rowEnd; r += GROUP) {
            int rows = Math.min(GROUP, rowEnd - r);
            int first = a.offset() + r * rowStep + p0 * kStep;
            int to = (r - row) / GROUP * GROUP_STEP;
            if (rows == GROUP && rowStep == 1) {
                copyGroup(from, first, kStep, k, left, to);
            } else {
                for (int p = 0; p < k; p++) {
                    for (int i = 0; i < rows; i++) {
                        left[to + p * GROUP + i] = from[first + p * kStep + i * rowStep];
                    }
                }
            }
        }
    }

    private static void copyGroup(float[] from, int first, int kStep, int k, float[] left, int to) {
        for (int p = 0; p < k; p++) {
            for (int i = 0; i < GROUP; i += L) {
                FloatVector.fromArray(Lanes.FLOATS, from, first + p * kStep + i).intoArray(left, to + p * GROUP + i);
            }
        }
    }
}
