// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.cuda.operations;

import dev.jacobian.tensor.PositionKernels;
import dev.jacobian.tensor.RotaryForm;
import dev.jacobian.tensor.RotaryForm.Pairing;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.tensor.cuda.engine.CudaEngine;

/** Rotary embedding, a block a row. */
public final class CudaPositions implements PositionKernels {
    private static final int THREADS = 256;

    private final CudaEngine engine;

    public CudaPositions(CudaEngine engine) {
        this.engine = engine;
    }

    @Override
    public void rotary(
            Tensor x, RotaryForm form, Tensor cos, Tensor sin, int[] positions, boolean inverse, Tensor out) {
        engine.launch(
                CudaEngine.typed("rotary", x.dtype()),
                positions.length,
                1,
                THREADS,
                x,
                x.extent(1),
                form.headDim(),
                form.dimensions(),
                form.pairing() == Pairing.HALVES ? 0 : 1,
                cos,
                sin,
                positions,
                inverse ? 1 : 0,
                out);
    }
}
