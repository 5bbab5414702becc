// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.autograd;

import dev.jacobian.tensor.DType;
import dev.jacobian.tensor.Shape;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.tensor.Workspace;

/** Picking rows of a matrix by index: embedding lookup, and choosing the positions that predict. */
public final class Rows {
    private Rows() {}

    /**
     * {@code y[i] = table[rows[i]]}. dtable[rows[i]] += dy[i], in order of i.
     *
     * @param table [T, D]
     * @param rows [R], each in [0, T)
     * @return [R, D]
     */
    public static Var gather(Var table, int[] rows) {
        return gather(table, rows, DType.F32);
    }

    /**
     * The same with the rows converted to a type, in which what follows is computed.
     *
     * @param type F32, or BF16 on a device
     */
    public static Var gather(Var table, int[] rows, DType type) {
        Shapes.requireRank("gather", "table", table.value(), 2);
        int size = table.value().extent(0);
        for (int row : rows) {
            Shapes.requireIndex("gather", table.name(), row, size);
        }
        Tensor out = Workspace.tensor(
                table.value().device(),
                type,
                Shape.of(rows.length, table.value().extent(1))); // [R, D]
        table.backend().rows().gatherRows(table.value(), rows, out);
        return Operation.of("gather", table)
                .result(out, dOut -> table.backend().rows().scatterAddRows(dOut, rows, table.gradToAddInto()));
    }
}
