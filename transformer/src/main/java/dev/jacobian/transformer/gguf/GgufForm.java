// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer.gguf;

import dev.jacobian.tensor.DType;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.transformer.plan.Attention;
import dev.jacobian.transformer.plan.DecoderPlan;
import dev.jacobian.transformer.plan.Role;
import dev.jacobian.transformer.plan.TensorSpec;
import dev.jacobian.transformer.plan.TensorSpec.Kind;
import java.util.HashMap;
import java.util.Map;

/**
 * How the numbers of a tensor lie in a GGUF file.
 *
 * <p>{@link Swapped}: row {@code p · d/2 + i} of a head of d rows (p is 0 or 1) is row {@code 2i + p} of the file, so that what is
 * rotated together are neighbours. {@link PlusOne}: 1 is added to each number.
 */
sealed interface GgufForm {
    /** As they are. */
    GgufForm AS_IT_IS = new AsItIs();

    /** From a file to a model; the argument may be written over. */
    Tensor fromFile(Tensor numbers);

    /** From a model to a file; the argument stays as it is. */
    Tensor toFile(Tensor numbers);

    /** Whether numbers only change places. */
    boolean keepsNumbers();

    /** Whether rows lie in another order. */
    default boolean movesRows() {
        return false;
    }

    /** The row of the file that a row of the model is. */
    default int rowInFile(int row) {
        return row;
    }

    /** The forms that are not {@link #AS_IT_IS}, by the name of the tensor. */
    static Map<String, GgufForm> of(GgufArchitecture architecture, DecoderPlan plan) {
        Map<String, GgufForm> forms = new HashMap<>();
        for (TensorSpec spec : plan.tensors()) {
            if (spec.kind() == Kind.GAIN_LESS_ONE) {
                forms.put(spec.layout().stored(), new PlusOne());
            }
            boolean rotated = spec.role() == Role.QUERY || spec.role() == Role.KEY;
            if (architecture.neighbours()
                    && rotated
                    && plan.layers().get(spec.layer()).mixer() instanceof Attention.Grouped attention) {
                forms.put(spec.layout().stored(), new Swapped(attention.headDim()));
            }
        }
        return forms;
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

    /**
     * Rows in another order.
     *
     * @param headDim rows of a head
     */
    record Swapped(int headDim) implements GgufForm {
        @Override
        public boolean movesRows() {
            return true;
        }

        @Override
        public int rowInFile(int row) {
            int inHead = row % headDim;
            int half = headDim / 2;
            return row - inHead + 2 * (inHead % half) + inHead / half;
        }

        @Override
        public Tensor fromFile(Tensor numbers) {
            return move(numbers, true);
        }

        @Override
        public Tensor toFile(Tensor numbers) {
            return move(numbers, false);
        }

        @Override
        public boolean keepsNumbers() {
            return true;
        }

        private Tensor move(Tensor from, boolean fromFile) {
            int rows = from.extent(0);
            int width = rows == 0 ? 0 : from.elements() / rows;
            Tensor to = Tensor.zeros(from.dtype(), from.shape());
            Object source = from.dtype() == DType.F32 ? from.floats() : from.shorts();
            Object target = to.dtype() == DType.F32 ? to.floats() : to.shorts();
            for (int row = 0; row < rows; row++) {
                int inFile = rowInFile(row);
                System.arraycopy(
                        source,
                        from.offset() + (fromFile ? inFile : row) * width,
                        target,
                        (fromFile ? row : inFile) * width,
                        width);
            }
            return to;
        }
    }
}
