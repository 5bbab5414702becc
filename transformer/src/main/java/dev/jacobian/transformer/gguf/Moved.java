// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer.gguf;

import dev.jacobian.tensor.DType;
import dev.jacobian.tensor.Shape;
import dev.jacobian.tensor.Tensor;
import java.util.List;

/**
 * The same numbers at other places.
 *
 * <p>{@link Neighbours}: row {@code p · d/2 + i} of a head of d rows (p is 0 or 1) is row {@code 2i + p} of the file, so that what is
 * rotated together are neighbours. {@link Dealt} and {@link DealtColumns}: heads that share a key head lie together here, and in the
 * file the first of each key head come first, then the second. {@link Turned}: the matrix of each head is transposed.
 */
sealed interface Moved extends GgufForm {
    @Override
    default boolean keepsNumbers() {
        return true;
    }

    /** Copies the numbers to their places, from a file or to one. */
    Tensor move(Tensor from, boolean fromFile);

    @Override
    default Tensor fromFile(Tensor numbers) {
        return move(numbers, true);
    }

    @Override
    default Tensor toFile(Tensor numbers) {
        return move(numbers, false);
    }

    /** The numbers of a tensor, whatever its type. */
    private static Object array(Tensor tensor) {
        return tensor.dtype() == DType.F32 ? tensor.floats() : tensor.shorts();
    }

    /** Whole rows in another order. */
    sealed interface Rows extends Moved {
        @Override
        default boolean movesRows() {
            return true;
        }

        @Override
        default Tensor move(Tensor from, boolean fromFile) {
            int rows = from.extent(0);
            int width = rows == 0 ? 0 : from.elements() / rows;
            Tensor to = Tensor.zeros(from.dtype(), from.shape());
            for (int row = 0; row < rows; row++) {
                int inFile = rowInFile(row);
                System.arraycopy(
                        array(from),
                        from.offset() + (fromFile ? inFile : row) * width,
                        array(to),
                        (fromFile ? row : inFile) * width,
                        width);
            }
            return to;
        }
    }

    /**
     * Halves of a head among each other.
     *
     * @param headDim rows of a head
     */
    record Neighbours(int headDim) implements Rows {
        @Override
        public int rowInFile(int row) {
            int inHead = row % headDim;
            int half = headDim / 2;
            return row - inHead + 2 * (inHead % half) + inHead / half;
        }
    }

    /**
     * Heads dealt out.
     *
     * @param first rows before it stay where they are
     * @param keyHeads G
     * @param shared heads of each key head
     * @param headDim rows of a head
     */
    record Dealt(int first, int keyHeads, int shared, int headDim) implements Rows {
        @Override
        public int rowInFile(int row) {
            if (row < first) {
                return row;
            }
            int head = (row - first) / headDim;
            return first + (head % shared * keyHeads + head / shared) * headDim + (row - first) % headDim;
        }
    }

    /**
     * The same of the columns of a matrix, all of which are of heads.
     *
     * @param heads of one row each, which stand for {@code headDim} columns
     */
    record DealtColumns(Dealt heads, int headDim) implements Moved {
        @Override
        public boolean keepsRows() {
            return false;
        }

        @Override
        public Tensor move(Tensor from, boolean fromFile) {
            int count = from.elements() / headDim;
            int perRow = heads.keyHeads() * heads.shared();
            Tensor to = Tensor.zeros(from.dtype(), from.shape());
            for (int i = 0; i < count; i++) {
                int head = i % perRow;
                int inFile = i - head + heads.rowInFile(head);
                System.arraycopy(
                        array(from),
                        from.offset() + (fromFile ? inFile : i) * headDim,
                        array(to),
                        (fromFile ? i : inFile) * headDim,
                        headDim);
            }
            return to;
        }
    }

    /**
     * [heads · rows, columns] here, [heads, columns, rows] in the file.
     *
     * @param rows of a head
     */
    record Turned(int heads, int rows, int columns) implements Moved {
        @Override
        public boolean keepsRows() {
            return false;
        }

        @Override
        public List<Long> extentsOfModel(List<Long> inFile) {
            return inFile.equals(extentsInFile(inFile)) ? List.of((long) heads * rows, (long) columns) : inFile;
        }

        @Override
        public List<Long> extentsInFile(List<Long> ofModel) {
            return List.of((long) heads, (long) columns, (long) rows);
        }

        @Override
        public Tensor move(Tensor from, boolean fromFile) {
            Tensor to = Tensor.zeros(
                    from.dtype(), fromFile ? Shape.of(heads * rows, columns) : Shape.of(heads, columns, rows));
            for (int head = 0; head < heads; head++) {
                for (int row = 0; row < rows; row++) {
                    for (int column = 0; column < columns; column++) {
                        int here = (head * rows + row) * columns + column;
                        int inFile = (head * columns + column) * rows + row;
                        System.arraycopy(
                                array(from),
                                from.offset() + (fromFile ? inFile : here),
                                array(to),
                                fromFile ? here : inFile,
                                1);
                    }
                }
            }
            return to;
        }
    }
}
