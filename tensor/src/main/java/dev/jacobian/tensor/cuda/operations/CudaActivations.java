// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.cuda.operations;

import dev.jacobian.tensor.ActivationKernels;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.tensor.cuda.engine.CudaEngine;

/** Gated activations and their gradients. */
public final class CudaActivations implements ActivationKernels {
    private final CudaEngine engine;

    public CudaActivations(CudaEngine engine) {
        this.engine = engine;
    }

    @Override
    public void swiGlu(Tensor gate, Tensor up, Tensor out) {
        long n = out.elements();
        engine.launchOver(n, CudaEngine.typed("swiglu", gate.dtype()), gate, up, n, out);
    }

    @Override
    public void swiGluBackward(Tensor dOut, Tensor gate, Tensor up, Tensor dGate, Tensor dUp) {
        long n = dOut.elements();
        engine.launchOver(n, CudaEngine.typed("swiglu_backward", gate.dtype()), dOut, gate, up, n, dGate, dUp);
    }
}
