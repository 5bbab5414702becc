// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor;

import java.util.Arrays;

/**
 * A matrix [M, K] that was quantized elsewhere, byte for byte as a GGUF file has it: row after row, each of them blocks of neighbours
 * along K. {@link MatrixKernels#pack(QuantizedMatrix)} holds it without rounding a number.
 *
 * @param format {@link WeightFormat#Q8_0}, {@link WeightFormat#Q4_0}, {@link WeightFormat#Q4_K} or {@link WeightFormat#Q6_K}
 * @param rows M: the outputs of a linear layer
 * @param columns K: its inputs, a multiple of the format's block
 * @param blocks the bytes, which are not copied
 */
public record QuantizedMatrix(WeightFormat format, int rows, int columns, byte[] blocks) {
    /**
     * Checks sizes and scales.
     *
     * @throws IllegalArgumentException if the format has no blocks, sizes do not fit, or a scale is NaN or infinite
     */
    public QuantizedMatrix {
        if (!format.isQuantized() || columns % format.block() != 0) {
            throw new IllegalArgumentException(
                    "a row of " + columns + " numbers is no sequence of blocks of " + format);
        }
        if (blocks.length != (long) rows * (columns / format.block()) * format.blockBytes()) {
            throw new IllegalArgumentException(
                    "[" + rows + ", " + columns + "] as " + format + " is not " + blocks.length + " bytes");
        }
        int perRow = columns / format.block();
        for (int block = 0; block < blocks.length / format.blockBytes(); block++) {
            if (!isFinite(format, blocks, block * format.blockBytes())) {
                throw new IllegalArgumentException("a scale of row " + block / perRow + ", column "
                        + block % perRow * format.block() + ", is NaN or infinite");
            }
        }
    }

    /** Bytes of a row. */
    public int rowBytes() {
        return columns / format.block() * format.blockBytes();
    }

    /** The byte at which the block of element [row, column] begins. */
    public int blockAt(int row, int column) {
        return row * rowBytes() + column / format.block() * format.blockBytes();
    }

    private static boolean isFinite(WeightFormat format, byte[] blocks, int at) {
        return switch (format) {
            case Q8_0, Q4_0 -> isFinite(blocks, at);
            case Q4_K -> isFinite(blocks, at) && isFinite(blocks, at + 2);
            case Q6_K -> isFinite(blocks, at + 208);
            case F32, BF16 -> throw new IllegalArgumentException(format + " has no blocks");
        };
    }

    /** Whether the F16 at a byte is. */
    private static boolean isFinite(byte[] blocks, int at) {
        return (blocks[at + 1] & 0x7C) != 0x7C;
    }

    /** Gives the row of this matrix that a row of another is. */
    @FunctionalInterface
    public interface Row {
        /** The row here of row {@code row} there. */
        int of(int row);
    }

    /** Some rows, in an order of one's own. */
    public QuantizedMatrix select(int count, Row from) {
        byte[] selected = new byte[Math.multiplyExact(count, rowBytes())];
        for (int row = 0; row < count; row++) {
            System.arraycopy(blocks, from.of(row) * rowBytes(), selected, row * rowBytes(), rowBytes());
        }
        return new QuantizedMatrix(format, count, columns, selected);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof QuantizedMatrix that
                && format == that.format
                && rows == that.rows
                && columns == that.columns
                && Arrays.equals(blocks, that.blocks);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(blocks);
    }

    @Override
    public String toString() {
        return "[" + rows + ", " + columns + "] " + format;
    }
}
