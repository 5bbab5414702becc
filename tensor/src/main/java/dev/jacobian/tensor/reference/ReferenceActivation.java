// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.reference;

import dev.jacobian.tensor.ActivationKernels;
import dev.jacobian.tensor.Tensor;

/** SwiGLU: silu(gate) · up, and its gradients. */
final class ReferenceActivation implements ActivationKernels {
    @Override
    public void swiGlu(Tensor gate, Tensor up, Tensor out) {
        for (int i = 0; i < gate.elements(); i++) {
            out.floats()[out.offset() + i] = Exp.silu(gate.floats()[gate.offset() + i]) * up.floats()[up.offset() + i];
        }
    }

    /** silu'(z) = σ(z) · (1 + z · (1 − σ(z))). */
    @Override
    public void swiGluBackward(Tensor dOut, Tensor gate, Tensor up, Tensor dGate, Tensor dUp) {
        for (int i = 0; i < gate.elements(); i++) {
            float z = gate.floats()[gate.offset() + i];
            float d = dOut.floats()[dOut.offset() + i];
            float sigmoid = 1f / (1f + Exp.exp(-z));
            float slope = sigmoid * Math.fma(z, 1f - sigmoid, 1f);
            dUp.floats()[dUp.offset() + i] = d * (z * sigmoid);
            dGate.floats()[dGate.offset() + i] = d * up.floats()[up.offset() + i] * slope;
        }
    }
}
