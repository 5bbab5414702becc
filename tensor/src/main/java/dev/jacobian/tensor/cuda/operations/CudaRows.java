// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.cuda.operations;

import dev.jacobian.tensor.HeadRun;
import dev.jacobian.tensor.RowKernels;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.tensor.cuda.engine.CudaEngine;
import dev.jacobian.tensor.cuda.engine.RowGroups;

/** Rows of tables. What is added to a row twice is added by one block, in order. */
public final class CudaRows implements RowKernels {
    private static final int THREADS = 256;

    private final CudaEngine engine;

    public CudaRows(CudaEngine engine) {
        this.engine = engine;
    }

    @Override
    public void gatherRows(Tensor table, int[] rows, Tensor out) {
        if (out.elements() > 0) {
            engine.launch(
                    "gather_rows_" + CudaEngine.fromTo(table.dtype(), out.dtype()),
                    rows.length,
                    1,
                    THREADS,
                    table,
                    rows,
                    out.extent(1),
                    out);
        }
    }

    @Override
    public void copyHeads(int count, Tensor from, HeadRun source, Tensor to, HeadRun target) {
        long n = (long) from.extent(0) * target.heads() * count;
        engine.launchOver(
                n,
                CudaEngine.typed("copy_heads", from.dtype()),
                n,
                count,
                from,
                source.heads(),
                source.width(),
                source.first(),
                to,
                target.heads(),
                target.width(),
                target.first());
    }

    @Override
    public void scatterAddRows(Tensor x, int[] rows, Tensor table) {
        if (x.elements() > 0) {
            RowGroups groups = engine.groups(rows);
            engine.launch(
                    "scatter_add_rows_" + CudaEngine.fromTo(x.dtype(), table.dtype()),
                    groups.count(),
                    1,
                    THREADS,
                    x,
                    groups.order(),
                    groups.starts(),
                    groups.targets(),
                    x.extent(1),
                    table);
        }
    }
}
