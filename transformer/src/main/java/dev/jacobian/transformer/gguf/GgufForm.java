// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer.gguf;

import dev.jacobian.tensor.Tensor;
import java.util.List;

/**
 * How the numbers of a tensor lie in a GGUF file. {@link GgufForms} says which tensors have which.
 *
 * <p>Most only move numbers; {@link PlusOne} and {@link Rates} change them, and what they change comes back as it was.
 */
sealed interface GgufForm permits GgufForm.AsItIs, GgufForm.PlusOne, GgufForm.Shaped, GgufForm.InTurn, Moved, Rates {
    /** As they are. */
    GgufForm AS_IT_IS = new AsItIs();

    /**
     * From a file to a model; the argument may be written over.
     *
     * @throws IllegalArgumentException if no model has such numbers
     */
    Tensor fromFile(Tensor numbers);

    /** From a model to a file; the argument stays as it is. */
    Tensor toFile(Tensor numbers);

    /** Whether numbers only change places. */
    boolean keepsNumbers();

    /** Whether rows stay whole, so that blocks of them can be moved. */
    default boolean keepsRows() {
        return true;
    }

    /** Whether rows lie in another order. */
    default boolean movesRows() {
        return false;
    }

    /** The row of the file that a row of the model is. */
    default int rowInFile(int row) {
        return row;
    }

    /** The extents that a tensor of a file has for the model; those of another tensor stay as they are. */
    default List<Long> extentsOfModel(List<Long> inFile) {
        return inFile;
    }

    /** The extents that a tensor of the model has in a file. */
    default List<Long> extentsInFile(List<Long> ofModel) {
        return ofModel;
    }

    /** Nothing is otherwise. */
    record AsItIs() implements GgufForm {
        @Override
        public Tensor fromFile(Tensor numbers) {
            return numbers;
        }

        @Override
        public Tensor toFile(Tensor numbers) {
            return numbers;
        }

        @Override
        public boolean keepsNumbers() {
            return true;
        }
    }

    /** Each number is 1 more. */
    record PlusOne() implements GgufForm {
        @Override
        public Tensor fromFile(Tensor numbers) {
            float[] values = numbers.floats();
            for (int i = 0; i < values.length; i++) {
                values[i] -= 1;
            }
            return numbers;
        }

        @Override
        public Tensor toFile(Tensor numbers) {
            Tensor out = numbers.copy();
            float[] values = out.floats();
            for (int i = 0; i < values.length; i++) {
                values[i] += 1;
            }
            return out;
        }

        @Override
        public boolean keepsNumbers() {
            return false;
        }
    }

    /** The same numbers in the same order under other extents. */
    record Shaped(List<Long> ofModel, List<Long> inFile) implements GgufForm {
        @Override
        public Tensor fromFile(Tensor numbers) {
            return numbers;
        }

        @Override
        public Tensor toFile(Tensor numbers) {
            return numbers;
        }

        @Override
        public boolean keepsNumbers() {
            return true;
        }

        @Override
        public List<Long> extentsOfModel(List<Long> found) {
            return found.equals(inFile) ? ofModel : found;
        }

        @Override
        public List<Long> extentsInFile(List<Long> own) {
            return inFile;
        }
    }

    /**
     * One form, then another.
     *
     * @param first from the model
     * @param second what the file has of that
     */
    record InTurn(GgufForm first, GgufForm second) implements GgufForm {
        @Override
        public Tensor fromFile(Tensor numbers) {
            return first.fromFile(second.fromFile(numbers));
        }

        @Override
        public Tensor toFile(Tensor numbers) {
            return second.toFile(first.toFile(numbers));
        }

        @Override
        public boolean keepsNumbers() {
            return first.keepsNumbers() && second.keepsNumbers();
        }

        @Override
        public boolean keepsRows() {
            return first.keepsRows() && second.keepsRows();
        }

        @Override
        public boolean movesRows() {
            return first.movesRows() || second.movesRows();
        }

        @Override
        public int rowInFile(int row) {
            return second.rowInFile(first.rowInFile(row));
        }

        @Override
        public List<Long> extentsOfModel(List<Long> inFile) {
            return first.extentsOfModel(second.extentsOfModel(inFile));
        }

        @Override
        public List<Long> extentsInFile(List<Long> ofModel) {
            return second.extentsInFile(first.extentsInFile(ofModel));
        }
    }
}
