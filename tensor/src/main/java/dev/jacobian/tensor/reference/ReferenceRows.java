// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.reference;

import dev.jacobian.tensor.DType;
import dev.jacobian.tensor.HalfFloats;
import dev.jacobian.tensor.HeadRun;
import dev.jacobian.tensor.RowKernels;
import dev.jacobian.tensor.Tensor;

/** Reading and adding to rows of a table by index. */
final class ReferenceRows implements RowKernels {
    @Override
    public void copyHeads(int count, Tensor from, HeadRun source, Tensor to, HeadRun target) {
        int heads = Math.max(source.heads(), target.heads());
        for (int row = 0; row < from.extent(0); row++) {
            for (int head = 0; head < heads; head++) {
                int at = from.offset()
                        + (row * source.heads() + head % source.heads()) * source.width()
                        + source.first();
                int into =
                        to.offset() + (row * target.heads() + head % target.heads()) * target.width() + target.first();
                if (head < target.heads()) {
                    System.arraycopy(from.floats(), at, to.floats(), into, count);
                } else {
                    for (int i = 0; i < count; i++) {
                        to.floats()[into + i] += from.floats()[at + i];
                    }
                }
            }
        }
    }

    @Override
    public void gatherRows(Tensor table, int[] rows, Tensor out) {
        int d = table.extent(1);
        if (table.dtype() != DType.F32) {
            gather16(table, rows, out);
            return;
        }
        for (int i = 0; i < rows.length; i++) {
            System.arraycopy(table.floats(), table.offset() + rows[i] * d, out.floats(), out.offset() + i * d, d);
        }
    }

    private static void gather16(Tensor table, int[] rows, Tensor out) {
        int d = table.extent(1);
        for (int i = 0; i < rows.length; i++) {
            for (int j = 0; j < d; j++) {
                short bits = table.shorts()[table.offset() + rows[i] * d + j];
                out.floats()[out.offset() + i * d + j] =
                        table.dtype() == DType.BF16 ? HalfFloats.bfloat16ToFloat(bits) : Float.float16ToFloat(bits);
            }
        }
    }

    @Override
    public void scatterAddRows(Tensor x, int[] rows, Tensor table) {
        int d = table.extent(1);
        for (int i = 0; i < rows.length; i++) {
            for (int j = 0; j < d; j++) {
                table.floats()[table.offset() + rows[i] * d + j] += x.floats()[x.offset() + i * d + j];
            }
        }
    }
}
