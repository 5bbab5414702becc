// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.cpu;

import dev.jacobian.tensor.ComputePool;
import dev.jacobian.tensor.HalfFloats;
import dev.jacobian.tensor.PackedMatrix;
import dev.jacobian.tensor.QuantizedMatrix;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.tensor.WeightFormat;
import dev.jacobian.tensor.reference.ReferenceQuantization;
import java.util.Arrays;

/**
 * A right operand of 16, 8, 6 or 4 bits per number, laid out so that 32-bit lanes widen it without moving anything sideways.
 *
 * <p>Decisions:
 *
 * <ul>
 *   <li>Lane j of a word holds consecutive k of column j, the first in the lowest bits: 2 of BF16, 4 of Q8_0 (as q + 128),
 *       8 of Q4_0 and Q4_K. A shift and a mask take one k of all columns out. 16 of Q6_K are three words: two of low halves, one of
 *       upper pairs of bits.
 *   <li>Four strips of lanes lie interleaved as one panel, [words along k, {@value #STRIPS}, lanes]: a kernel that advances
 *       all four, as it must to hide the latency of their chains, reads one stream, which memory delivers faster than four.
 *   <li>Scales lie apart, two to a word: [⌈blocks / 2⌉, strips, lanes], the block with the smaller k in the lower half. Those of a block
 *       of 256 are the words of {@link SuperScales}: [blocks, words, strips, lanes].
 *   <li>Missing columns and missing k are filled with zeros.
 * </ul>
 *
 * @param rows K
 * @param columns N
 * @param words the numbers, [panels, words along k, strips, lanes]
 * @param scales [panels, words along k, strips, lanes]; empty without blocks
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
        if (!format.isMade()) {
            throw ReferenceQuantization.notMade(format);
        }
        NarrowPanels packed = empty(format, k, n);
        packed.fill(b);
        return packed;
    }

    /** Holds the transpose of a matrix that is quantized already. */
    static NarrowPanels of(QuantizedMatrix transposed) {
        NarrowPanels packed = empty(transposed.format(), transposed.columns(), transposed.rows());
        StoredBlocks.fill(packed, transposed);
        return packed;
    }

    private static NarrowPanels empty(WeightFormat format, int k, int n) {
        int panels = (n + WIDTH - 1) / WIDTH;
        int[] words = new int[Math.multiplyExact(panels, Math.multiplyExact(wordsAlong(format, k), WIDTH))];
        int[] scales = new int[Math.multiplyExact(panels, Math.multiplyExact(scaleWords(format, k), WIDTH))];
        return new NarrowPanels(format, k, n, words, scales);
    }

    @Override
    public long bytes() {
        return bytes(format, rows, columns);
    }

    /** Bytes of a matrix [K, N] with its padding and scales. */
    static long bytes(WeightFormat format, int k, int n) {
        long column = (long) wordsAlong(format, k) + scaleWords(format, k);
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
        int unit = format.isQuantized() ? format.block() : perWord(format);
        return (k + unit - 1) / unit * unit;
    }

    /** Numbers of a word, where they do not lie across words. */
    private static int perWord(WeightFormat format) {
        return Integer.SIZE / format.bits();
    }

    private static int wordsAlong(WeightFormat format, int k) {
        return (int) ((long) paddedRows(format, k) * format.bits() / Integer.SIZE);
    }

    private static int scaleWords(WeightFormat format, int k) {
        return switch (format) {
            case F32, BF16 -> 0;
            case Q8_0, Q4_0 -> Math.ceilDiv(k, 2 * BLOCK);
            case Q4_K -> k / format.block() * SuperScales.Q4_WORDS;
            case Q6_K -> k / format.block() * SuperScales.Q6_WORDS;
        };
    }

    /** Index of a panel's first word. */
    int wordsAt(int panel) {
        return panel * wordsAlong(format, rows) * WIDTH;
    }

    /** Index of a panel's first word of scales. */
    int scalesAt(int panel) {
        return panel * scaleWords(format, rows) * WIDTH;
    }

    /** Packs another matrix of the same shape, F32, BF16 or F16, in place of this one. */
    void fill(Tensor b) {
        ComputePool.run(panels(), panel -> {
            float[] block = new float[BLOCK];
            byte[] stored = new byte[BLOCK];
            int width = format.isQuantized() ? WIDTH : Math.min(WIDTH, columns - panel * WIDTH);
            // Blocks of rows outside, columns inside: a block of all columns stays in the nearest cache while it is
            // written.
            for (int p = 0; p < rows; p += BLOCK) {
                for (int c = 0; c < width; c++) {
                    int j = panel * WIDTH + c;
                    if (j < columns) {
                        ReferenceQuantization.readBlock(b, p, j, block);
                    } else {
                        Arrays.fill(block, 0f);
                    }
                    if (format.isQuantized()) {
                        fillQuantized(block, stored, panel, c, p, j);
                    } else {
                        fillBFloat16(block, panel, c, p);
                    }
                }
            }
        });
    }

    /** Puts rows [p, p + 32) of a panel's column. */
    private void fillBFloat16(float[] block, int panel, int c, int p) {
        int to = wordsAt(panel) + p / 2 * WIDTH + c;
        for (int i = 0; i < Math.min(BLOCK, rows - p); i += 2) {
            int low = HalfFloats.floatToBfloat16(block[i]) & 0xFFFF;
            int high = HalfFloats.floatToBfloat16(block[i + 1]); // the block is filled up with zeros
            words[to + i / 2 * WIDTH] = high << 16 | low;
        }
    }

    private void fillQuantized(float[] block, byte[] stored, int panel, int c, int p, int j) {
        int scale = ReferenceQuantization.quantize(format, block, stored, p, j) & 0xFFFF;
        int at = scalesAt(panel) + p / (2 * BLOCK) * WIDTH + c;
        scales[at] = p / BLOCK % 2 == 0 ? scale : scales[at] | scale << 16;
        int per = perWord(format);
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
