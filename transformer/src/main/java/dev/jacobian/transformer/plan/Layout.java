// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer.plan;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/**
 * Where a tensor of the model lies in a tensor of the checkpoint: its rows are blocks of rows of the stored one, which may
 * have its dimensions the other way round.
 *
 * <p>Row r of the tensor is row {@code first + r / block · stride + r % block} of the stored one. That describes queries, keys
 * and values below each other (Phi-3: one block each), head by head (GPT-NeoX: blocks of a head), and alternating (gpt-oss:
 * blocks of one row).
 *
 * <p>The weights of experts are one tensor of the model, and in a checkpoint either one tensor too, whose first dimension is
 * that of the experts, or a tensor for each, with a {@value #EACH} in the name for its number. What is said of rows is then said of
 * each expert's.
 *
 * @param stored name of the tensor in the checkpoint
 * @param order of its dimensions
 * @param rows of the stored tensor in all
 * @param first stored row of row 0
 * @param block rows that stay together
 * @param stride stored rows from one block to the next
 */
public record Layout(String stored, Order order, int rows, int first, int block, int stride) {
    /** Stands for the number of an expert. */
    public static final String EACH = "*";

    /** Order of a matrix's dimensions. */
    public enum Order {
        /** [outputs, inputs]. */
        PLAIN,
        /** [inputs, outputs], as the linear layers of GPT-2 are stored. */
        TRANSPOSED
    }

    /** A tensor that is stored as it is. */
    static Layout whole(String stored, Order order, int rows) {
        return new Layout(stored, order, rows, 0, rows, rows);
    }

    /** Whether the stored tensor is the tensor itself, number by number. */
    public boolean isPlain(TensorSpec spec) {
        return order == Order.PLAIN && isWhole(spec) && !isSplit();
    }

    /** Whether no other tensor shares the stored one. */
    public boolean isWhole(TensorSpec spec) {
        return rows == spec.rows();
    }

    /** Whether each expert has a stored tensor of its own. */
    public boolean isSplit() {
        return stored.contains(EACH);
    }

    /** Name of the stored tensor of an expert. */
    public String stored(int expert) {
        return stored.replace(EACH, Integer.toString(expert));
    }

    /** The stored row of a row. */
    public int row(int row) {
        return first + row / block * stride + row % block;
    }

    /** Extents of the stored tensor, or of each expert's. */
    public List<Integer> extents(TensorSpec spec) {
        boolean stack = spec.kind().isStack();
        List<Integer> extents = new ArrayList<>(
                spec.extents().subList(stack ? 1 : 0, spec.extents().size()));
        extents.set(0, rows);
        if (order == Order.TRANSPOSED) {
            Collections.reverse(extents);
        }
        if (stack && !isSplit()) {
            extents.addFirst(spec.extents().getFirst());
        }
        return extents;
    }
}
