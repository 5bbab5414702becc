// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.cuda.operations;

import dev.jacobian.tensor.BackendMemory;
import dev.jacobian.tensor.DType;
import dev.jacobian.tensor.DeviceArray;
import dev.jacobian.tensor.cuda.engine.CudaArray;
import dev.jacobian.tensor.cuda.engine.CudaEngine;

/** The device's memory. */
public final class CudaMemory implements BackendMemory {
    /** Half a gibibyte of F32. */
    private static final int CHUNK_ELEMENTS = 1 << 27;

    private final CudaEngine engine;

    public CudaMemory(CudaEngine engine) {
        this.engine = engine;
    }

    @Override
    public DeviceArray allocate(DType dtype, int elements, boolean scoped) {
        return new CudaArray(engine, dtype, elements, scoped);
    }

    @Override
    public long availableMemory() {
        return engine.context().dispatcher().call(engine.context().memory()::available);
    }

    @Override
    public int chunkElements() {
        return CHUNK_ELEMENTS;
    }
}
