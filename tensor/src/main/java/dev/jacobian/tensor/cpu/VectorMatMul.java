// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.cpu;

import dev.jacobian.tensor.ComputePool;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.tensor.cpu.Scratch.Slot;


/**
 * Matrix product in the manner of Goto and van de Geijn ("Anatomy of High-Performance Matrix Multiplication", 2008): both
 * operands are copied to panels that the {@linkplain MatMulTiles register tiles} read in order.
 *
 * <p>Decisions:
 *
 * <ul>
 *   <li>Lanes lie across columns and every output element is one chain over k. Between two blocks of k the chain waits in
 *       {@code out}. So the result has the bits of the reference for any blocking, width and number of threads.
 *   <li>Packing absorbs all strides: transposes cost one copy.
 *   <li>Padding instead of masks. A tile that sticks out of the matrix works on a small square of scratch memory.
 *   <li>One task computes a block of rows for a range of columns; below {@link #PARALLEL} multiply-adds one thread does it
 *       all.
 * </ul>
 */
final class VectorMatMul {
    private static final int L = Lanes.COUNT;

    /** Rows of the big tile: 8 where there are 32 vector registers, else 4. */
    static final int ROWS =
            L == 16 || System.getProperty("os.arch").equals("aarch64") ? 8 : 4;

    /** Vectors across the big tile. */
    private static final int WIDTH = 3;

    /** Steps of k between two visits of {@code out}: one strip of the left operand stays in the first-level cache. */
    private static final int K_BLOCK = 256;

    /** Rows per task at most: their part of the left operand stays in the second-level cache. */
    private static final int ROW_BLOCK = 96;

    /** Floats of the right operand that are packed at a time. */
    private static final int PANEL_FLOATS = 1 << 20;

    /** Multiply-adds from which a product is worth more than one thread: about 40 microseconds. */
    private static final long PARALLEL = 1 << 21;

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
    private static void multiply(
            Tensor a, int p0, int k, float[] strips, int n, Tensor out, int j0, boolean load) {
        int m = a.extent(0);
        int stripCount = PackedPanels.stripCount(n);
        if (ComputePool.threads() == 1 || (long) m * k * n < PARALLEL) {
            for (int row = 0; row < m; row += ROW_BLOCK) {
                block(a, row, Math.min(m, row + ROW_BLOCK), p0, k, strips, 0, stripCount, n, out, j0, load);
            }
            return;
        }
        // Rows are divided first, since every range of columns packs the rows again.
        int wanted = 4 * ComputePool.threads();
        int rowBlock = Math.clamp((m + wanted - 1) / wanted, 1, ROW_BLOCK);
        rowBlock = Math.max((rowBlock + ROWS - 1) / ROWS * ROWS, Math.min(32, ROW_BLOCK));
        int rowTasks = (m + rowBlock - 1) / rowBlock;
        int tiles = (stripCount + WIDTH - 1) / WIDTH;
        int columnTasks = Math.min(tiles, (wanted + rowTasks - 1) / rowTasks);
        int rowsPerTask = rowBlock;
        ComputePool.run(rowTasks * columnTasks, task -> {
            int row = task / columnTasks * rowsPerTask;
            int column = task % columnTasks;
            int from = (int) ((long) tiles * column / columnTasks) * WIDTH;
            int to = Math.min(stripCount, (int) ((long) tiles * (column + 1) / columnTasks) * WIDTH);
            block(a, row, Math.min(m, row + rowsPerTask), p0, k, strips, from, to, n, out, j0, load);
        });
    }

    /** Rows [row, rowEnd), at most {@link #ROW_BLOCK}, of strips [from, to). */
    private static void block(
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
        Scratch scratch = Scratch.current();
        float[] left = scratch.get(Slot.LEFT, ROW_BLOCK * K_BLOCK);
        float[] tile = scratch.get(Slot.TILE, 8 * 4 * 16);
        float[] c = out.floats();
        int cRow = out.extent(1);
        for (int p = 0; p < k; p += K_BLOCK) {
            int steps = Math.min(K_BLOCK, k - p);
            packRows(a, row, rowEnd, p0 + p, steps, left);
            boolean continues = load || p > 0;
            for (int s = from; s < to; ) {
                int width = Math.min(WIDTH, to - s);
                int b = (s * k + p) * L;
                int columns = Math.min(width * L, n - s * L);
                for (int r = row; r < rowEnd; ) {
                    int height = stripHeight(rowEnd - r);
                    int rows = Math.min(height, rowEnd - r);
                    int cAt = out.offset() + r * cRow + j0 + s * L;
                    int aAt = (r - row) * steps;
                    if (rows == height && columns == width * L) {
                        tile(height, width, steps, left, aAt, strips, b, k * L, c, cAt, cRow, continues);
                    } else {
                        if (continues) {
                            copy(c, cAt, cRow, tile, 0, WIDTH * L, rows, columns);
                        }
                        tile(height, width, steps, left, aAt, strips, b, k * L, tile, 0, WIDTH * L, continues);
                        copy(tile, 0, WIDTH * L, c, cAt, cRow, rows, columns);
                    }
                    r += rows;
                }
                s += width;
            }
        }
    }

    /** Height of the tile for the next rows when {@code left} remain: padded where more than half is used. */
    private static int stripHeight(int left) {
        if (ROWS == 8 && left >= 5) {
            return 8;
        }
        return left >= 3 ? 4 : 1;
    }

    private static void tile(
            int height, int width, int k, float[] a, int aFrom, float[] b, int bFrom, int bStrip, float[] c, int cFrom,
            int cRow, boolean load) {
        switch (height * 4 + width) {
            case 35 -> MatMulTiles.tile8x3(k, a, aFrom, b, bFrom, bStrip, c, cFrom, cRow, load);
            case 34 -> MatMulTiles.tile8x2(k, a, aFrom, b, bFrom, bStrip, c, cFrom, cRow, load);
            case 33 -> MatMulTiles.tile8x1(k, a, aFrom, b, bFrom, bStrip, c, cFrom, cRow, load);
            case 19 -> MatMulTiles.tile4x3(k, a, aFrom, b, bFrom, bStrip, c, cFrom, cRow, load);
            case 18 -> MatMulTiles.tile4x2(k, a, aFrom, b, bFrom, bStrip, c, cFrom, cRow, load);
            case 17 -> MatMulTiles.tile4x1(k, a, aFrom, b, bFrom, bStrip, c, cFrom, cRow, load);
            case 7 -> MatMulTiles.tile1x3(k, a, aFrom, b, bFrom, bStrip, c, cFrom, cRow, load);
            case 6 -> MatMulTiles.tile1x2(k, a, aFrom, b, bFrom, bStrip, c, cFrom, cRow, load);
            default -> MatMulTiles.tile1x1(k, a, aFrom, b, bFrom, bStrip, c, cFrom, cRow, load);
        }
    }

    private static void copy(
            float[] from, int fromAt, int fromRow, float[] to, int toAt, int toRow, int rows, int columns) {
        for (int r = 0; r < rows; r++) {
            System.arraycopy(from, fromAt + r * fromRow, to, toAt + r * toRow, columns);
        }
    }

    /** Copies rows [row, rowEnd) and k steps from p0 of {@code a} to strips of [k, height]; rows past the end are zeros. */
    private static void packRows(Tensor a, int row, int rowEnd, int p0, int k, float[] left) {
        float[] from = a.floats();
        int rowStep = a.stride(0);
        int kStep = a.stride(1);
        int to = 0;
        for (int r = row; r < rowEnd; ) {
            int height = stripHeight(rowEnd - r);
            int rows = Math.min(height, rowEnd - r);
            int first = a.offset() + r * rowStep + p0 * kStep;
            if (rows < height) {
                packEdge(from, first, rowStep, kStep, k, rows, height, left, to);
            } else if (height == 1 && kStep == 1) {
                System.arraycopy(from, first, left, to, k);
            } else if (height >= 4 && kStep == 1) {
                for (int h = 0; h < height; h += 4) {
                    interleave4(from, first + h * rowStep, rowStep, k, height, left, to + h);
                }
            } else if (height == 8 && rowStep == 1) {
                copyColumns8(from, first, kStep, k, left, to);
            } else {
                packEdge(from, first, rowStep, kStep, k, rows, height, left, to);
            }
            to += height * k;
            r += rows;
        }
    }

    private static void interleave4(
            float[] from, int first, int rowStep, int k, int height, float[] left, int to) {
        int r1 = first + rowStep;
        int r2 = r1 + rowStep;
        int r3 = r2 + rowStep;
        if (height == 8) {
            for (int p = 0; p < k; p++) {
                left[to + p * 8] = from[first + p];
                left[to + p * 8 + 1] = from[r1 + p];
                left[to + p * 8 + 2] = from[r2 + p];
                left[to + p * 8 + 3] = from[r3 + p];
            }
        } else {
            for (int p = 0; p < k; p++) {
                left[to + p * 4] = from[first + p];
                left[to + p * 4 + 1] = from[r1 + p];
                left[to + p * 4 + 2] = from[r2 + p];
                left[to + p * 4 + 3] = from[r3 + p];
            }
        }
    }

    private static void copyColumns8(float[] from, int first, int kStep, int k, float[] left, int to) {
        for (int p = 0; p < k; p++) {
            int at = first + p * kStep;
            left[to + p * 8] = from[at];
            left[to + p * 8 + 1] = from[at + 1];
            left[to + p * 8 + 2] = from[at + 2];
            left[to + p * 8 + 3] = from[at + 3];
            left[to + p * 8 + 4] = from[at + 4];
            left[to + p * 8 + 5] = from[at + 5];
            left[to + p * 8 + 6] = from[at + 6];
            left[to + p * 8 + 7] = from[at + 7];
        }
    }

    private static void packEdge(
            float[] from, int first, int rowStep, int kStep, int k, int rows, int height, float[] left, int to) {
        for (int p = 0; p < k; p++) {
            for (int h = 0; h < height; h++) {
                left[to + p * height + h] = h < rows ? from[first + h * rowStep + p * kStep] : 0f;
            }
        }
    }
}
