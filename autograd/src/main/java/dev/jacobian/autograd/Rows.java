// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.autograd;

import dev.jacobian.tensor.DType;
import dev.jacobian.tensor.Shape;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.tensor.Workspace;

/** Picking rows of a matrix by index: embedding lookup, choosing the positions that predict; and numbers one behind the other. */
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

    /**
     * Two lists of numbers as one: a loss of several parts that is walked back at once. Gradients are the parts of dy.
     *
     * @param first [R], dense
     * @param second [S], dense, of the same type
     * @return [R + S]
     */
    public static Var joined(Var first, Var second) {
        Shapes.requireRank("joined", "first", first.value(), 1);
        Shapes.requireRank("joined", "second", second.value(), 1);
        int r = first.value().extent(0);
        int all = r + second.value().extent(0);
        Tensor out = first.like(all);
        out.slice(0, 0, r).copyFrom(first.value());
        out.slice(0, r, all).copyFrom(second.value());
        return Operation.of("joined", first, second).result(out, dOut -> {
            give(first, dOut.slice(0, 0, r));
            give(second, dOut.slice(0, r, all));
        });
    }

    /**
     * The same numbers in one dimension. The gradient is dy in the shape of x.
     *
     * @param x dense
     * @return [elements]
     */
    public static Var flat(Var x) {
        if (x.value().rank() == 1) {
            return x;
        }
        Tensor out = x.like(x.value().elements());
        out.copyFrom(x.value().reshape(x.value().elements()));
        return Operation.of("flat", x)
                .result(out, dOut -> give(x, dOut.reshape(x.value().shape().toArray())));
    }

    private static void give(Var input, Tensor part) {
        Tensor own = input.like();
        own.copyFrom(part);
        input.give(own);
    }
}
