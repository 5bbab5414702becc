// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.cuda.operations;

import dev.jacobian.tensor.Backend;
import dev.jacobian.tensor.DType;
import dev.jacobian.tensor.KvCache;
import dev.jacobian.tensor.KvShape;
import dev.jacobian.tensor.Nullable;
import dev.jacobian.tensor.Workspace;
import dev.jacobian.tensor.cuda.engine.CudaArray;
import dev.jacobian.tensor.cuda.engine.CudaArray.View;
import dev.jacobian.tensor.cuda.engine.CudaEngine;
import java.util.Objects;

/**
 * All pages of one layer, [pages, kvHeads, {@value KvCache#PAGE}, headDim], once for keys and once for values, so that a kernel
 * finds a page by its number. A pool that is full is replaced by one of twice the size.
 */
final class KvPool {
    private static final int FIRST_CAPACITY = 64;

    private final Backend backend;
    private final CudaEngine engine;
    private final Workspace.Scope memory;
    private final KvShape shape;
    private final DType dtype;
    private @Nullable CudaArray keys; // null before the first page
    private @Nullable CudaArray values;
    private int capacity;

    KvPool(Backend backend, CudaEngine engine, Workspace.Scope memory, KvShape shape, DType dtype) {
        this.backend = backend;
        this.engine = engine;
        this.memory = memory;
        this.shape = shape;
        this.dtype = dtype;
    }

    KvShape shape() {
        return shape;
    }

    View keys() {
        return new View(Objects.requireNonNull(keys), 0);
    }

    View values() {
        return new View(Objects.requireNonNull(values), 0);
    }

    /** Makes room for so many pages; whether it lies elsewhere now. */
    boolean ensure(int pages) {
        if (capacity >= Math.max(1, pages)) {
            return false;
        }
        int larger = Math.max(FIRST_CAPACITY, Integer.highestOneBit(Math.max(1, pages - 1)) * 2);
        keys = grown(keys, larger);
        values = grown(values, larger);
        capacity = larger;
        return true;
    }

    private CudaArray grown(@Nullable CudaArray old, int pages) {
        CudaArray larger = (CudaArray) memory.array(backend, dtype, Math.multiplyExact(pages, pageElements()));
        if (old != null) {
            View from = new View(old, 0);
            View to = new View(larger, 0);
            long bytes = (long) dtype.bytes() * capacity * pageElements();
            engine.post(() -> engine.stream().copy(from.address(), to.address(), bytes));
            memory.release(old);
        }
        return larger;
    }

    /** Copies whole pages onto others. */
    void copy(PagedSequences.Copies pages) {
        engine.launchOver(
                (long) pages.from().length * pageElements(),
                CudaEngine.typed("kv_copy_pages", dtype),
                pages.from(),
                pages.to(),
                pages.from().length,
                shape.heads(),
                shape.headDim(),
                keys(),
                values());
    }

    private int pageElements() {
        return shape.heads() * KvCache.PAGE * shape.headDim();
    }

    /** Bytes of a page of keys and one of values. */
    long pageBytes() {
        return 2L * dtype.bytes() * pageElements();
    }

    long bytes() {
        return capacity * pageBytes();
    }
}
