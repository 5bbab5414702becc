// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.cpu;

import dev.jacobian.tensor.ComputePool;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.tensor.cpu.Scratch.Slot;

/**
 * Matrix product in the manner of Goto and van de Geijn ("Anatomy of High-Performance Matrix Multiplication", 2008): the
 * right operand is copied to panels that the {@linkplain MatMulTiles register tiles} read in order, block by block.
 *
 * <p>Decisions:
 *
 * <ul>
 *   <li>Lanes lie across columns and every output element is one chain over k. Between two blocks of k the chain waits in
 *       {@code out}. So the result has the bits of the reference for any blocking, width and number of threads.
 *   <li>Packing absorbs all strides: transposes cost one copy. A left operand whose rows are contiguous is read where it
 *       lies; its tiles broadcast single numbers, for which a copy would gain nothing. One that is transposed goes by
 *       {@linkplain ColumnMatMul columns}.
 *   <li>Padding instead of masks. A tile that sticks out of the matrix works on a small square of scratch memory.
 *   <li>One task computes a block of rows for a range of columns; below {@link #PARALLEL} multiply-adds one thread does it
 *       all.
 * </ul>
 */
final class VectorMatMul {
    private static final int L = Lanes.COUNT;

    /** Rows of the big tile: 8 where there are 32 vector registers, else 4. */
    static final int ROWS = L == 16 || System.getProperty("os.arch").equals("aarch64") ? 8 : 4;

    /** Vectors across the big tile. */
    static final int WIDTH = ROWS == 8 ? 2 : 3;

    /** Vectors across a single row, whose few chains would otherwise wait for each other. */
    private static final int SINGLE_WIDTH = 4;

    /**
     * Steps of k between two visits of {@code out}. A tile then reads its strips from the second-level cache, which feeds
     * it fast enough; shorter blocks would read and write {@code out} more often, and that goes to memory.
     */
    static final int K_BLOCK = 1024;

    /** Rows that are worth a tile; fewer go alone. */
    private static final int MIN_TILE = 3;

    /** Floats of scratch memory for a tile that sticks out. */
    static final int SQUARE = 8 * SINGLE_WIDTH * 16;

    /** Rows per task at most: their part of the left operand stays in the second-level cache. */
    static final int ROW_BLOCK = 128;

    /** Rows that a task should have rather than divide columns. */
    private static final int MIN_ROWS = 32;

    /** Floats of the right operand that stay in the second-level cache beside the rest. */
    private static final int SWEEP_FLOATS = 96 << 10;

    /** Floats of the right operand that are packed at a time. */
    private static final int PANEL_FLOATS = 1 << 20;

    /** Multiply-adds from which a product is worth more than one thread: about 40 microseconds. */
    static final long PARALLEL = 1 << 21;

    private VectorMatMul() {}

    static void matmul(Tensor a, Tensor b, Tensor out, boolean accumulate) {
        int k = a.extent(1);
        int n = b.extent(1);
        if (isTrivial(a.extent(0), k, n, out, accumulate)) {
            return;
        }
        // Blocks of [kBlock, nBlock] of b; whole columns are preferred, because each block of k reads out again.
        int nBlock = n;
        int kBlock = k;
        if ((long) k * (n + L) > PANEL_FLOATS) {
            kBlock = Math.min(k, 2048);
            nBlock = Math.min(n, PANEL_FLOATS / kBlock / (WIDTH * L) * (WIDTH * L));
        }
        float[] strips = Scratch.current().get(Slot.RIGHT, PackedPanels.stripCount(nBlock) * L * kBlock);
        for (int j = 0; j < n; j += nBlock) {
            int columns = Math.min(nBlock, n - j);
            for (int p = 0; p < k; p += kBlock) {
                int steps = Math.min(kBlock, k - p);
                PackedPanels.pack(b, p, steps, j, columns, strips);
                multiply(a, p, steps, strips, columns, out, j, accumulate || p > 0);
            }
        }
    }

    static void matmul(Tensor a, PackedPanels b, Tensor out, boolean accumulate) {
        if (!isTrivial(a.extent(0), b.rows(), b.columns(), out, accumulate)) {
            multiply(a, 0, b.rows(), b.strips(), b.columns(), out, 0, accumulate);
        }
    }

    /** A product without elements, or of sums without terms. */
    private static boolean isTrivial(int m, int k, int n, Tensor out, boolean accumulate) {
        if (m == 0 || n == 0) {
            return true;
        }
        if (k == 0 && !accumulate) {
            out.fill(0f);
        }
        return k == 0;
    }

    /** Multiplies columns [p0, p0 + k) of {@code a} by strips of {@code n} columns that begin at column j0 of out. */
    private static void multiply(Tensor a, int p0, int k, float[] strips, int n, Tensor out, int j0, boolean load) {
        int m = a.extent(0);
        int stripCount = PackedPanels.stripCount(n);
        if (ComputePool.threads() == 1 || (long) m * k * n < PARALLEL) {
            for (int row = 0; row < m; row += ROW_BLOCK) {
                block(a, row, Math.min(m, row + ROW_BLOCK), p0, k, strips, 0, stripCount, n, out, j0, load);
            }
            return;
        }
        // Rows are divided first: a range of columns reads (and perhaps packs) all the rows again.
        // Equal tasks, as many for each thread.
        int threads = ComputePool.threads();
        int wanted = 2 * threads;
        int rowTasks = Math.max((m + ROW_BLOCK - 1) / ROW_BLOCK, Math.min(wanted, (m + MIN_ROWS - 1) / MIN_ROWS));
        if (rowTasks > threads) {
            rowTasks = (rowTasks + threads - 1) / threads * threads;
        }
        int rowBlock = ((m + rowTasks - 1) / rowTasks + ROWS - 1) / ROWS * ROWS;
        rowTasks = (m + rowBlock - 1) / rowBlock;
        int tiles = (stripCount + WIDTH - 1) / WIDTH;
        int columnTasks = Math.min(tiles, (wanted + rowTasks - 1) / rowTasks);
        ComputePool.run(rowTasks * columnTasks, task -> {
            int row = task / columnTasks * rowBlock;
            int column = task % columnTasks;
            int from = (int) ((long) tiles * column / columnTasks) * WIDTH;
            int to = Math.min(stripCount, (int) ((long) tiles * (column + 1) / columnTasks) * WIDTH);
            block(a, row, Math.min(m, row + rowBlock), p0, k, strips, from, to, n, out, j0, load);
        });
    }

    /** Rows [row, rowEnd), at most {@link #ROW_BLOCK}, of strips [from, to). */
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
        boolean packs = a.stride(1) != 1;
        if (packs && rowEnd - row >= MIN_TILE) {
            ColumnMatMul.block(a, row, rowEnd, p0, k, strips, from, to, n, out, j0, load);
            return;
        }
        float[] left = packs ? Scratch.current().get(Slot.LEFT, MIN_TILE * K_BLOCK) : a.floats();
        int aRow = packs ? K_BLOCK : a.stride(0);
        int singles = row + (rowEnd - row) / ROWS * ROWS; // first row that goes alone
        if (rowEnd - singles >= MIN_TILE) {
            singles = rowEnd;
        }
        for (int p = 0; p < k; p += K_BLOCK) {
            int steps = Math.min(K_BLOCK, k - p);
            int aFrom = packs ? 0 : a.offset() + row * aRow + p0 + p;
            if (packs) {
                packRows(a, row, rowEnd, p0 + p, steps, left);
            }
            boolean continues = load || p > 0;
            int sweep = sweep(to - from, steps);
            for (int first = row; first < singles; first += sweep) {
                int end = Math.min(singles, first + sweep);
                for (int s = from, width; s < to; s += width) {
                    width = width(to - s);
                    for (int r = first; r < end; r += ROWS) {
                        int rows = Math.min(ROWS, end - r);
                        tile(
                                rows,
                                width,
                                steps,
                                left,
                                aFrom + (r - row) * aRow,
                                aRow,
                                strips,
                                s,
                                k,
                                p,
                                n,
                                out,
                                r,
                                j0,
                                continues);
                    }
                }
            }
            for (int r = singles; r < rowEnd; r++) {
                for (int s = from, width; s < to; s += width) {
                    width = to - s >= SINGLE_WIDTH ? SINGLE_WIDTH : 1;
                    tile(
                            1,
                            width,
                            steps,
                            left,
                            aFrom + (r - row) * aRow,
                            aRow,
                            strips,
                            s,
                            k,
                            p,
                            n,
                            out,
                            r,
                            j0,
                            continues);
                }
            }
        }
    }

    /** One tile of output, in place or, where it would stick out of the matrix, by way of scratch memory. */
    private static void tile(
            int rows,
            int width,
            int steps,
            float[] left,
            int aFrom,
            int aRow,
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
        int height = rows > 4 ? 8 : rows > 1 ? 4 : 1;
        int columns = Math.min(width * L, n - s * L);
        float[] c = out.floats();
        int cRow = out.extent(1);
        int cAt = out.offset() + r * cRow + j0 + s * L;
        if (rows == height && columns == width * L) {
            MatMulTiles.tile(height, width, steps, left, aFrom, aRow, rows - 1, strips, b, k * L, c, cAt, cRow, load);
            return;
        }
        float[] square = Scratch.current().get(Slot.TILE, SQUARE);
        int squareRow = width * L;
        if (load) {
            copy(c, cAt, cRow, square, 0, squareRow, rows, columns);
        }
        MatMulTiles.tile(
                height, width, steps, left, aFrom, aRow, rows - 1, strips, b, k * L, square, 0, squareRow, load);
        copy(square, 0, squareRow, c, cAt, cRow, rows, columns);
    }

    /**
     * Rows that go through the strips together. While the right operand stays in the second-level cache, rows of out are
     * written from left to right; else each strip is used for all rows first.
     */
    static int sweep(int strips, int steps) {
        return strips * L * steps <= SWEEP_FLOATS ? ROWS : ROW_BLOCK;
    }

    /** Vectors across the next tile when so many strips are left: 2 + 2 is better than 3 + 1. */
    static int width(int strips) {
        return strips == 4 ? 2 : Math.min(WIDTH, strips);
    }

    static void copy(float[] from, int fromAt, int fromRow, float[] to, int toAt, int toRow, int rows, int columns) {
        for (int r = 0; r < rows; r++) {
            System.arraycopy(from, fromAt + r * fromRow, to, toAt + r * toRow, columns);
        }
    }

    /** Copies rows [row, rowEnd), a few, and k steps from p0 of {@code a} to rows of K_BLOCK. */
    private static void packRows(Tensor a, int row, int rowEnd, int p0, int k, float[] left) {
        float[] from = a.floats();
        int kStep = a.stride(1);
        for (int r = row; r < rowEnd; r++) {
            int at = a.offset() + r * a.stride(0) + p0 * kStep;
            for (int p = 0; p < k; p++) {
                left[(r - row) * K_BLOCK + p] = from[at + p * kStep];
            }
        }
    }
}
