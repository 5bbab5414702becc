// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.cuda.graphs;

import dev.jacobian.tensor.Backend;
import dev.jacobian.tensor.DType;
import dev.jacobian.tensor.Nullable;
import dev.jacobian.tensor.Workspace;
import dev.jacobian.tensor.cuda.engine.CudaArray;
import dev.jacobian.tensor.cuda.engine.CudaEngine;
import java.util.LinkedHashMap;

/**
 * The steps of decoding as graphs: a step of a small model is hundreds of launches, which take the host longer than the
 * device; as a graph it is one.
 *
 * <p>Decisions:
 *
 * <ul>
 *   <li>A graph has a fixed shape, so shapes are rounded up: rows to quarters of powers of two, because a row more costs
 *       decoding little, pages to powers of two, because kernels read the lengths and leave out what is beyond. A batch
 *       whose sequences end one by one then changes its shape seldom.
 *   <li>Steps live as long as the workspace's scope that the cache was made in; without one passes run as they come.
 *   <li>{@code -Djacobian.cuda.graphs=false} computes the same rounded batches without capturing them: other shapes could
 *       make cuBLAS choose other kernels, and so other bits.
 * </ul>
 *
 * <p>Captured or not, a step has the same bits. Where sums have a fixed order they are those of the batch as it is.
 */
public final class DecodeGraphs {
    /** Shapes that are kept: more than alternate, and few enough to be small. */
    private static final int KEPT = 4;

    private static final int FEWEST_PAGES = 16;

    private final Backend backend;
    private final CudaEngine engine;
    private final Workspace.Scope memory;
    private final boolean wanted;
    private final LinkedHashMap<Shape, DecodeStep> steps = new LinkedHashMap<>(KEPT, 0.75f, true); // the last used last
    private @Nullable Object constants; // what the graphs were captured with
    private boolean endIsAwaited;

    private record Shape(int rows, int pages, GraphMode mode) {}

    public DecodeGraphs(Backend backend, CudaEngine engine, Workspace.Scope memory) {
        this.backend = backend;
        this.engine = engine;
        this.memory = memory;
        this.wanted = GraphMode.isWanted();
    }

    /** Whether steps have a scope to live in; asked before anything else is. */
    public boolean haveScope() {
        if (!endIsAwaited) {
            endIsAwaited = memory.atEnd(this::close);
        }
        return endIsAwaited;
    }

    /** Rows of the graph for a batch: at most a quarter more. */
    static int roundedRows(int rows) {
        int step = Math.max(1, Integer.highestOneBit(Math.max(1, rows - 1)) / 4);
        return Math.ceilDiv(rows, step) * step;
    }

    /** Pages of the graph for a batch whose longest sequence has so many. */
    static int roundedPages(int pages) {
        return Math.max(FEWEST_PAGES, 2 * Integer.highestOneBit(Math.max(1, pages - 1)));
    }

    /**
     * The step of a batch.
     *
     * @param rows of the batch, {@code pages} of its longest sequence
     * @param constants what passes read beside weights; with others than before no graph is used any more
     */
    public DecodeStep step(int rows, int pages, Object constants) {
        if (!constants.equals(this.constants)) {
            close();
            this.constants = constants;
        }
        Shape shape = new Shape(roundedRows(rows), roundedPages(pages), GraphMode.now(backend, engine, wanted));
        DecodeStep step = steps.get(shape);
        if (step == null) {
            if (steps.size() == KEPT) {
                steps.pollFirstEntry().getValue().close();
            }
            int length = DecodeInputs.length(shape.rows, shape.pages);
            CudaArray array = (CudaArray) memory.array(backend, DType.I32, length);
            step = new DecodeStep(
                    engine, memory, new DecodeInputs(shape.rows, shape.pages, array), shape.mode.captured());
            steps.put(shape, step);
        }
        return step;
    }

    /** Gives all graphs up, because what they were captured with is gone. */
    public void close() {
        steps.values().forEach(DecodeStep::close);
        steps.clear();
    }
}
