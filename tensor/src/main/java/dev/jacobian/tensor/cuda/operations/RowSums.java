// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.cuda.operations;

import dev.jacobian.tensor.Tensor;
import dev.jacobian.tensor.cuda.driver.DeviceBlock;
import dev.jacobian.tensor.cuda.engine.CudaArray.View;
import dev.jacobian.tensor.cuda.engine.CudaEngine;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Sums over rows: in order, or where the order is free by chunks of rows, whose sums are then added in order. */
public final class RowSums {
    private static final int THREADS = 256;

    /** Rows of a chunk: one thread adds up a column of one. */
    private static final int ROWS_PER_CHUNK = 256;

    private final CudaEngine engine;

    public RowSums(CudaEngine engine) {
        this.engine = engine;
    }

    /**
     * {@code out += } sums over rows that a kernel computes.
     *
     * @param out [D]
     * @param elements rows times D
     * @param kernel takes the inputs, the rows, D, the rows of a chunk, where to write, and whether to add to what is there
     */
    void addTo(Tensor out, int elements, String kernel, Tensor... inputs) {
        int d = out.elements();
        int rows = d == 0 ? 0 : elements / d;
        if (rows == 0) {
            return;
        }
        View target = View.of(engine, out);
        List<View> from = Arrays.stream(inputs).map(x -> View.of(engine, x)).toList();
        if (engine.isBatchInvariant() || rows <= ROWS_PER_CHUNK) {
            engine.post(() -> launch(kernel, from, rows, d, rows, target, true));
            return;
        }
        int chunks = Math.ceilDiv(rows, ROWS_PER_CHUNK);
        engine.post(() -> {
            try (DeviceBlock sums = engine.scratch((long) Float.BYTES * chunks * d, "sums of chunks")) { // [chunks, D]
                launch(kernel, from, rows, d, ROWS_PER_CHUNK, sums, false);
                launch("sum_rows_f32", List.of(sums), chunks, d, chunks, target, true);
            }
        });
    }

    private void launch(
            String kernel, List<?> inputs, int rows, int d, int rowsPerChunk, Object into, boolean accumulate) {
        List<Object> arguments = new ArrayList<>(inputs);
        arguments.addAll(List.of(rows, d, rowsPerChunk, into, accumulate ? 1 : 0));
        engine.launchNow(
                kernel, Math.ceilDiv(d, THREADS), Math.ceilDiv(rows, rowsPerChunk), THREADS, 0, arguments.toArray());
    }
}
