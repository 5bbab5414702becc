// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.autograd;

import dev.jacobian.tensor.Tensor;
import dev.jacobian.tensor.Workspace;

/** The gated activation of Llama-like MLPs (Shazeer, 2020). */
public final class SwiGlu {
    private SwiGlu() {}

    /**
     * {@code y = silu(gate) · up}, silu(z) = z·σ(z).
     *
     * <p>dup = dy·silu(gate), dgate = dy·up·σ(z)·(1 + z·(1 − σ(z))).
     */
    public static Var swiGlu(Var gate, Var up) {
        Shapes.requireSame("swiGlu", gate.value(), up.value());
        Tensor gateValue = gate.value().contiguous();
        Tensor upValue = up.value().contiguous();
        Tensor out = Workspace.like(gateValue);
        gate.backend().activations().swiGlu(gateValue, upValue, out);
        return Var.result(out, new Operation("swiGlu", gate, up) {
            @Override
            void backward(Tensor dOut) {
                Tensor dGate = Workspace.like(gateValue);
                Tensor dUp = Workspace.like(upValue);
                gate.backend().activations().swiGluBackward(dOut, gateValue, upValue, dGate, dUp);
                gate.accumulate(dGate, true);
                up.accumulate(dUp, true);
            }
        });
    }
}
