// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.cuda;

import dev.jacobian.tensor.ActivationKernels;
import dev.jacobian.tensor.Tensor;

/** Gated activations and their gradients. */
final class CudaActivations implements ActivationKernels {
    private final CudaEngine engine;

    CudaActivations(CudaEngine engine) {
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
