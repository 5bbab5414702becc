// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.cpu;

import dev.jacobian.tensor.DType;
import dev.jacobian.tensor.HeadRun;
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

    @Override
    public void copyHeads(int count, Tensor from, HeadRun source, Tensor to, HeadRun target) {
        int heads = Math.max(source.heads(), target.heads());
        Ranges.run(from.extent(0), heads * count, (first, end) -> {
            for (int row = first; row < end; row++) {
                copyHeads(row, heads, count, from, source, to, target);
            }
        });
    }

    private static void copyHeads(
            int row, int heads, int count, Tensor from, HeadRun source, Tensor to, HeadRun target) {
        for (int head = 0; head < heads; head++) {
            int ofRow = row * source.heads() + head % source.heads();
            int at = from.offset() + ofRow * source.width() + source.first();
            int toRow = row * target.heads() + head % target.heads();
            int into = to.offset() + toRow * target.width() + target.first();
            if (head < target.heads()) {
                System.arraycopy(from.floats(), at, to.floats(), into, count);
            } else {
                VectorElementwise.addScaled(from.floats(), at, 1f, to.floats(), into, count);
            }
        }
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
