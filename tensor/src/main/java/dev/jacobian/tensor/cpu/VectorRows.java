// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.cpu;

import dev.jacobian.tensor.DType;
import dev.jacobian.tensor.RowKernels;
import dev.jacobian.tensor.Tensor;

/** Reading and adding to rows of a table by index. */
final class VectorRows implements RowKernels {
    /** Columns per task of {@link #scatterAddRows}: whole cache lines. */
    private static final int COLUMNS = 64;

    @Override
    public void gatherRows(Tensor table, int[] rows, Tensor out) {
        int d = table.extent(1);
        if (table.dtype() != DType.F32) {
            Ranges.run(rows.length, d, (from, to) -> {
                for (int i = from; i < to; i++) {
                    widen(table, table.offset() + rows[i] * d, d, out.floats(), out.offset() + i * d);
                }
            });
            return;
        }
        Ranges.run(rows.length, d, (from, to) -> {
            for (int i = from; i < to; i++) {
                System.arraycopy(table.floats(), table.offset() + rows[i] * d, out.floats(), out.offset() + i * d, d);
            }
        });
    }

    /** Plain loops: these the compiler vectorises itself. */
    private static void widen(Tensor table, int at, int n, float[] out, int to) {
        short[] from = table.shorts();
        if (table.dtype() == DType.BF16) {
            for (int i = 0; i < n; i++) {
                out[to + i] = Float.intBitsToFloat(from[at + i] << 16);
            }
        } else {
            for (int i = 0; i < n; i++) {
                out[to + i] = Float.float16ToFloat(from[at + i]);
            }
        }
    }

    /** Divided by columns: several rows may go to the same place, and their order is the order of the sum. */
    @Override
    public void scatterAddRows(Tensor x, int[] rows, Tensor table) {
        int d = table.extent(1);
        Ranges.run((d + COLUMNS - 1) / COLUMNS, rows.length * COLUMNS, (from, to) -> {
            int column = from * COLUMNS;
            int n = Math.min(d, to * COLUMNS) - column;
            for (int i = 0; i < rows.length; i++) {
                int at = table.offset() + rows[i] * d + column;
                VectorElementwise.add(
                        table.floats(), at, x.floats(), x.offset() + i * d + column, table.floats(), at, n);
            }
        });
    }
}
