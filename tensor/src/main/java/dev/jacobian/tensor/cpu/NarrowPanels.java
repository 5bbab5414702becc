// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.cpu;

import dev.jacobian.tensor.ComputePool;
import dev.jacobian.tensor.HalfFloats;
import dev.jacobian.tensor.PackedMatrix;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.tensor.WeightFormat;
import dev.jacobian.tensor.reference.ReferenceQuantization;

/**
 * A right operand of 16, 8 or 4 bits per number, laid out so that 32-bit lanes widen it without moving anything sideways.
 *
 * <p>Decisions:
 *
 * <ul>
 *   <li>Lane j of a word holds consecutive k of column j, the first in the lowest bits: 2 of BF16, 4 of Q8_0 (as q + 128),
 *       8 of Q4_0. A shift and a mask take one k of all columns out.
 *   <li>Four strips of lanes lie interleaved as one panel, [words along k, {@value #STRIPS}, lanes]: a kernel that advances
 *       all four, as it must to hide the latency of their chains, reads one stream, which memory delivers faster than four.
 *   <li>Scales lie apart, two to a word: [⌈blocks / 2⌉, strips, lanes], the block with the smaller k in the lower half.
 *   <li>Missing columns and missing k are filled with zeros.
 * </ul>
 *
 * @param rows K
 * @param columns N
 * @param words the numbers, [panels, words along k, strips, lanes]
 * @param scales F16 pairs, [panels, ⌈blocks / 2⌉, strips, lanes]; empty without blocks
 */
record NarrowPanels(WeightFormat format, int rows, int columns, int[] words, int[] scales) implements PackedMatrix {
    /** Strips of a panel. */
    static final int STRIPS = 4;

    /** Columns of a panel. */
    static final int WIDTH = STRIPS * Lanes.COUNT;

    private static final int BLOCK = ReferenceQuantization.BLOCK;

    /** Packs a matrix [K, N] of any strides. */
    static NarrowPanels of(Tensor b, WeightFormat format) {
        int k = b.extent(0);
        int n = b.extent(1);
        int panels = (n + WIDTH - 1) / WIDTH;
        int[] words =
                new int[Math.multiplyExact(panels, Math.multiplyExact(paddedRows(format, k) / perWord(format), WIDTH))];
        int[] scales = new int[format.isQuantized() ? panels * scalePairs(k) * WIDTH : 0];
        NarrowPanels packed = new NarrowPanels(format, k, n, words, scales);
        packed.fill(b);
        return packed;
    }

    @Override
    public long bytes() {
        return bytes(format, rows, columns);
    }

    /** Bytes of a matrix [K, N] with its padding and scales. */
    static long bytes(WeightFormat format, int k, int n) {
        long column =
                (long) paddedRows(format, k) / perWord(format) + (format.isQuantized() ? scalePairs(k) : 0); // words
        return Integer.BYTES * column * Math.ceilDiv(n, WIDTH) * WIDTH;
    }

    int panels() {
        return (columns + WIDTH - 1) / WIDTH;
    }

    /** K rounded up to whole words, and whole blocks where there are any. */
    int paddedRows() {
        return paddedRows(format, rows);
    }

    private static int paddedRows(WeightFormat format, int k) {
        int unit = format.isQuantized() ? BLOCK : perWord(format);
        return (k + unit - 1) / unit * unit;
    }

    private static int perWord(WeightFormat format) {
        return Integer.SIZE / format.bits();
    }

    private static int scalePairs(int k) {
        return (k + 2 * BLOCK - 1) / (2 * BLOCK);
    }

    /** Index of a panel's first word. */
    int wordsAt(int panel) {
        return panel * (paddedRows() / perWord(format)) * WIDTH;
    }

    /** Index of a panel's first pair of scales. */
    int scalesAt(int panel) {
        return panel * scalePairs(rows) * WIDTH;
    }

    /** Packs another matrix of the same shape in place of this one. */
    void fill(Tensor b) {
        ComputePool.run(panels(), panel -> {
            for (int c = 0; c < WIDTH; c++) {
                int j = panel * WIDTH + c;
                if (j >= columns) {
                    fillMissing(panel, c);
                } else if (format.isQuantized()) {
                    fillQuantized(b, panel, c, j);
                } else {
                    fillBFloat16(b, panel, c, j);
                }
            }
        });
    }

    private void fillMissing(int panel, int c) {
        if (format.isQuantized()) {
            Tensor zeros = Tensor.zeros(rows, 1); // [K, 1]
            fillQuantized(zeros, panel, c, 0);
        }
    }

    private void fillBFloat16(Tensor b, int panel, int c, int j) {
        float[] from = b.floats();
        int first = b.offset() + j * b.stride(1);
        int to = wordsAt(panel) + c;
        for (int p = 0; p < rows; p += 2) {
            int low = HalfFloats.floatToBfloat16(from[first + p * b.stride(0)]) & 0xFFFF;
            int high = p + 1 < rows ? HalfFloats.floatToBfloat16(from[first + (p + 1) * b.stride(0)]) : 0;
            words[to + p / 2 * WIDTH] = high << 16 | low;
        }
    }

    private void fillQuantized(Tensor b, int panel, int c, int j) {
        float[] block = new float[BLOCK];
        byte[] stored = new byte[BLOCK];
        int per = perWord(format);
        for (int p = 0; p < rows; p += BLOCK) {
            ReferenceQuantization.readBlock(b, p, j, block);
            int scale = ReferenceQuantization.quantize(format, block, stored, p, j) & 0xFFFF;
            int at = scalesAt(panel) + p / (2 * BLOCK) * WIDTH + c;
            scales[at] = p / BLOCK % 2 == 0 ? scale : scales[at] | scale << 16;
            int to = wordsAt(panel) + p / per * WIDTH + c;
            for (int g = 0; g < BLOCK; g += per) {
                int word = 0;
                for (int i = 0; i < per; i++) {
                    word |= (stored[g + i] & 0xFF) << i * format.bits();
                }
                words[to + g / per * WIDTH] = word;
            }
        }
    }
}
