// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.cpu;

import dev.jacobian.tensor.ComputePool;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.tensor.WeightFormat;
import dev.jacobian.tensor.cpu.Scratch.Slot;
import dev.jacobian.tensor.reference.ReferenceQuantization;

/**
 * Matrix product with {@linkplain NarrowPanels weights of 16, 8, 6 or 4 bits}.
 *
 * <p>Decisions:
 *
 * <ul>
 *   <li>One row (decoding one sequence) is bound by memory: its kernels widen in registers and read every word once.
 *   <li>A few rows (decoding several sequences together) still hide behind reading the weights if those are widened in
 *       registers, once for up to eight rows: {@link NarrowTiles}.
 *   <li>More rows are worth a detour: a block of columns is widened to strips in the second-level cache, and the tiles of
 *       {@link VectorMatMul} run on those. So the formats need no tiles of their own, and a row has the bits of the F32
 *       product whatever its company.
 *   <li>Columns are divided among threads, so each weight is widened once; rows only where columns do not suffice.
 *   <li>Where K is no multiple of what a word or block holds, the row is continued with −0: −0 times the panel's +0 is −0,
 *       and adding that changes no number, not even a zero's sign.
 * </ul>
 */
final class NarrowMatMul {
    private static final int L = Lanes.COUNT;
    private static final int WIDTH = NarrowPanels.WIDTH;

    /** Steps of k that are widened at a time: long chains, since between two blocks they wait in memory. */
    private static final int K_BLOCK = 1024;

    /** Steps of k that a few rows go through at a time: a panel's words for them stay in the second-level cache. */
    private static final int FEW_BLOCK = 1024;

    /** Rows of the larger of the tiles of {@link NarrowTiles}. */
    private static final int TILE = 8;

    /** Rows that go through a widened block together. */
    private static final int ROW_BLOCK = 128;

    /** Panels that are widened at a time when many rows use them: a quarter of a second-level cache of a mebibyte. */
    private static final int PANELS = (1 << 16) / (K_BLOCK * WIDTH);

    /** Bytes of weights from which reading them is worth more than one thread: about 10 microseconds. */
    private static final long PARALLEL_BYTES = 1 << 18;

    /** Multiply-adds from which arithmetic is. */
    private static final long PARALLEL = 1 << 21;

    private NarrowMatMul() {}

    static void matmul(Tensor a, NarrowPanels b, Tensor out, boolean accumulate) {
        int m = a.extent(0);
        int k = b.rows();
        if (m == 0 || b.columns() == 0) {
            return;
        }
        if (k == 0) {
            if (!accumulate) {
                out.fill(0f);
            }
            return;
        }
        boolean parallel =
                ComputePool.threads() > 1 && (b.bytes() >= PARALLEL_BYTES || (long) m * k * b.columns() >= PARALLEL);
        if (m == 1) {
            row(a, b, out, accumulate, parallel);
        } else if (m <= few(b.format())) {
            few(a, b, out, accumulate, parallel);
        } else {
            rows(a, b, out, accumulate, parallel);
        }
    }

    private static void row(Tensor a, NarrowPanels b, Tensor out, boolean load, boolean parallel) {
        float[] x = a.floats();
        int xAt = a.offset();
        int k = b.paddedRows();
        if (k != b.rows() || a.stride(1) != 1) {
            x = Scratch.current().get(Slot.LEFT, k);
            for (int p = 0; p < k; p++) {
                x[p] = p < b.rows() ? a.floats()[a.offset() + p * a.stride(1)] : -0f;
            }
            xAt = 0;
        }
        int panels = b.panels();
        if (!parallel) {
            row(k, x, xAt, b, 0, panels, out, load);
            return;
        }
        float[] left = x;
        int leftAt = xAt;
        int tasks = Math.min(panels, ComputePool.threads());
        ComputePool.run(
                tasks, task -> row(k, left, leftAt, b, panels * task / tasks, panels * (task + 1) / tasks, out, load));
    }

    private static void row(int k, float[] x, int xAt, NarrowPanels b, int from, int to, Tensor out, boolean load) {
        for (int panel = from; panel < to; panel++) {
            int n = Math.min(WIDTH, b.columns() - panel * WIDTH);
            int at = out.offset() + panel * WIDTH;
            if (n == WIDTH) {
                panel(k, x, xAt, b, panel, out.floats(), at, load);
                continue;
            }
            float[] square = Scratch.current().get(Slot.TILE, WIDTH);
            System.arraycopy(out.floats(), at, square, 0, n);
            panel(k, x, xAt, b, panel, square, 0, load);
            System.arraycopy(square, 0, out.floats(), at, n);
        }
    }

    /** Rows up to which words are widened in registers; beyond, it pays to widen them once and write that to memory. */
    private static int few(WeightFormat format) {
        return switch (format) {
            case BF16 -> 32;
            case Q8_0 -> 16;
            case Q4_0 -> 8;
            case Q4_K, Q6_K -> 1; // one row has a kernel, more are widened once
            case F32 -> throw new AssertionError("F32 is not narrow");
        };
    }

    private static void few(Tensor a, NarrowPanels b, Tensor out, boolean load, boolean parallel) {
        int m = a.extent(0);
        int k = b.paddedRows();
        boolean copied = k != b.rows() || a.stride(1) != 1;
        float[] x = copied ? padded(a, k) : a.floats();
        int at = copied ? 0 : a.offset();
        int row = copied ? k : a.stride(0);
        int panels = b.panels();
        int tasks = parallel ? Math.min(panels, 2 * ComputePool.threads()) : 1;
        ComputePool.run(tasks, task -> {
            for (int panel = panels * task / tasks; panel < panels * (task + 1) / tasks; panel++) {
                int end = Math.min(b.columns(), (panel + 1) * WIDTH);
                for (int p = 0; p < k; p += FEW_BLOCK) {
                    for (int r = 0; r < m; r += TILE) {
                        for (int column = panel * WIDTH; column < end; column += 2 * L) {
                            tile(Math.min(TILE, m - r), x, at + r * row, row, b, p, column, out, r, load || p > 0);
                        }
                    }
                }
            }
        });
    }

    /** The rows of {@code a}, each continued with −0 to k numbers: [m, k]. */
    private static float[] padded(Tensor a, int k) {
        float[] x = Scratch.current().get(Slot.LEFT, a.extent(0) * k);
        for (int r = 0; r < a.extent(0); r++) {
            int from = a.offset() + r * a.stride(0);
            for (int p = 0; p < k; p++) {
                x[r * k + p] = p < a.extent(1) ? a.floats()[from + p * a.stride(1)] : -0f;
            }
        }
        return x;
    }

    /** One tile of output, in place or, where it would stick out of the matrix, by way of scratch memory. */
    private static void tile(
            int rows,
            float[] x,
            int at,
            int xRow,
            NarrowPanels b,
            int p,
            int column,
            Tensor out,
            int row,
            boolean load) {
        int height = rows > 4 ? TILE : 4;
        int columns = Math.min(2 * L, b.columns() - column);
        float[] c = out.floats();
        int cRow = out.extent(1);
        int cAt = out.offset() + row * cRow + column;
        if (rows == height && columns == 2 * L) {
            tile(height, x, at + p, xRow, rows - 1, b, p, column, c, cAt, cRow, load);
            return;
        }
        float[] square = Scratch.current().get(Slot.TILE, VectorMatMul.SQUARE);
        if (load) {
            VectorMatMul.copy(c, cAt, cRow, square, 0, 2 * L, rows, columns);
        }
        tile(height, x, at + p, xRow, rows - 1, b, p, column, square, 0, 2 * L, load);
        VectorMatMul.copy(square, 0, 2 * L, c, cAt, cRow, rows, columns);
    }

    private static void tile(
            int height,
            float[] x,
            int at,
            int xRow,
            int last,
            NarrowPanels b,
            int p,
            int column,
            float[] c,
            int cAt,
            int cRow,
            boolean load) {
        int k = Math.min(FEW_BLOCK, b.paddedRows() - p);
        int words = b.wordsAt(column / WIDTH) + p * b.format().bits() / Integer.SIZE * WIDTH + column % WIDTH;
        int scales = b.scalesAt(column / WIDTH) + p / (2 * ReferenceQuantization.BLOCK) * WIDTH + column % WIDTH;
        boolean tall = height == TILE;
        switch (b.format()) {
            case BF16 -> {
                if (tall) {
                    NarrowTiles.bf16x8(k, x, at, xRow, last, b.words(), words, c, cAt, cRow, load);
                } else {
                    NarrowTiles.bf16x4(k, x, at, xRow, last, b.words(), words, c, cAt, cRow, load);
                }
            }
            case Q8_0 -> {
                if (tall) {
                    NarrowTiles.q8x8(k, x, at, xRow, last, b.words(), words, b.scales(), scales, c, cAt, cRow, load);
                } else {
                    NarrowTiles.q8x4(k, x, at, xRow, last, b.words(), words, b.scales(), scales, c, cAt, cRow, load);
                }
            }
            case Q4_0 -> {
                if (tall) {
                    NarrowTiles.q4x8(k, x, at, xRow, last, b.words(), words, b.scales(), scales, c, cAt, cRow, load);
                } else {
                    NarrowTiles.q4x4(k, x, at, xRow, last, b.words(), words, b.scales(), scales, c, cAt, cRow, load);
                }
            }
            case Q4_K, Q6_K, F32 -> throw new AssertionError(b.format() + " has no tiles");
        }
    }

    private static void panel(
            int k, float[] x, int xAt, NarrowPanels b, int panel, float[] out, int outAt, boolean load) {
        int words = b.wordsAt(panel);
        switch (b.format()) {
            case BF16 -> Bf16Kernels.row(k, x, xAt, b.words(), words, out, outAt, load);
            case Q8_0 -> Q8Kernels.row(k, x, xAt, b.words(), words, b.scales(), b.scalesAt(panel), out, outAt, load);
            case Q4_0 -> Q4Kernels.row(k, x, xAt, b.words(), words, b.scales(), b.scalesAt(panel), out, outAt, load);
            case Q4_K, Q6_K -> SuperProducts.row(x, xAt, b, panel, out, outAt, load);
            case F32 -> throw new AssertionError("F32 is not narrow");
        }
    }

    /** The scales of k rows of a panel from row p on, a multiple of two blocks, as the kernels want them. */
    private static float[] scales(NarrowPanels b, int panel, int p, int k) {
        int blocks = k / ReferenceQuantization.BLOCK;
        float[] scales = Scratch.current().get(Slot.SCALES, blocks * WIDTH);
        float up = b.format() == WeightFormat.Q8_0 ? Q8Kernels.UP : Q4Kernels.UP;
        ScalePairs.widen(
                b.scales(), b.scalesAt(panel) + p / (2 * ReferenceQuantization.BLOCK) * WIDTH, blocks, up, scales);
        return scales;
    }

    private static void rows(Tensor a, NarrowPanels b, Tensor out, boolean load, boolean parallel) {
        int m = a.extent(0);
        int panels = b.panels();
        if (!parallel) {
            rows(a, 0, m, b, 0, panels, out, load);
            return;
        }
        int threads = ComputePool.threads();
        int columnTasks = Math.min(panels, 2 * threads);
        int rowTasks = Math.clamp(threads / columnTasks, 1, (m + ROW_BLOCK - 1) / ROW_BLOCK);
        ComputePool.run(columnTasks * rowTasks, task -> {
            int row = task / columnTasks;
            int column = task % columnTasks;
            rows(
                    a,
                    (int) ((long) m * row / rowTasks),
                    (int) ((long) m * (row + 1) / rowTasks),
                    b,
                    panels * column / columnTasks,
                    panels * (column + 1) / columnTasks,
                    out,
                    load);
        });
    }

    /** Rows [row, rowEnd) times panels [from, to). */
    private static void rows(
            Tensor a, int row, int rowEnd, NarrowPanels b, int from, int to, Tensor out, boolean load) {
        int k = b.rows();
        float[] strips = Scratch.current().get(Slot.RIGHT, PANELS * WIDTH * K_BLOCK);
        for (int panel = from; panel < to; panel += PANELS) {
            int count = Math.min(PANELS, to - panel);
            int j = panel * WIDTH;
            int n = Math.min(count * WIDTH, b.columns() - j);
            int stripCount = PackedPanels.stripCount(n);
            for (int p = 0; p < k; p += K_BLOCK) {
                int steps = Math.min(K_BLOCK, k - p);
                widen(b, panel, count, p, steps, strips);
                for (int r = row; r < rowEnd; r += ROW_BLOCK) {
                    int end = Math.min(rowEnd, r + ROW_BLOCK);
                    VectorMatMul.block(a, r, end, p, steps, strips, 0, stripCount, n, out, j, load || p > 0);
                }
            }
        }
    }

    /** Widens rows [p, p + steps) of {@code count} panels to strips of [steps, lanes]. */
    private static void widen(NarrowPanels b, int panel, int count, int p, int steps, float[] strips) {
        int padded = Math.min(b.paddedRows() - p, K_BLOCK);
        for (int i = 0; i < count; i++) {
            int words = b.wordsAt(panel + i) + p * b.format().bits() / Integer.SIZE * WIDTH;
            int to = i * padded * WIDTH;
            switch (b.format()) {
                case BF16 -> Bf16Kernels.widen(padded, b.words(), words, strips, to);
                case Q8_0 -> Q8Kernels.widen(padded, b.words(), words, scales(b, panel + i, p, padded), strips, to);
                case Q4_0 -> Q4Kernels.widen(padded, b.words(), words, scales(b, panel + i, p, padded), strips, to);
                case Q4_K, Q6_K -> SuperProducts.widen(b, panel + i, p, padded, strips, to);
                case F32 -> throw new AssertionError("F32 is not narrow");
            }
        }
        if (padded != steps) {
            for (int s = 1; s < count * NarrowPanels.STRIPS; s++) {
                System.arraycopy(strips, s * padded * L, strips, s * steps * L, steps * L);
            }
        }
    }

    /** Columns from {@code fromColumn} on, as many as {@code out} [K, n] has. */
    static void unpack(NarrowPanels b, int fromColumn, Tensor out) {
        int n = out.extent(1);
        int first = fromColumn / WIDTH;
        int last = n == 0 ? first : (fromColumn + n - 1) / WIDTH + 1;
        Ranges.run(last - first, b.rows() * WIDTH, (from, to) -> {
            for (int panel = first + from; panel < first + to; panel++) {
                unpackPanel(b, panel, fromColumn, n, out);
            }
        });
    }

    private static void unpackPanel(NarrowPanels b, int panel, int fromColumn, int n, Tensor out) {
        float[] strips = Scratch.current().get(Slot.RIGHT, PANELS * WIDTH * K_BLOCK);
        for (int p = 0; p < b.rows(); p += K_BLOCK) {
            int steps = Math.min(K_BLOCK, b.rows() - p);
            widen(b, panel, 1, p, steps, strips);
            for (int s = 0; s < NarrowPanels.STRIPS; s++) {
                int column = panel * WIDTH + s * L - fromColumn; // in out
                int skipped = Math.max(0, -column);
                int width = Math.min(L, n - column) - skipped;
                for (int i = 0; i < steps && width > 0; i++) {
                    int to = out.offset() + (p + i) * n + column + skipped;
                    System.arraycopy(strips, (s * steps + i) * L + skipped, out.floats(), to, width);
                }
            }
        }
    }
}
