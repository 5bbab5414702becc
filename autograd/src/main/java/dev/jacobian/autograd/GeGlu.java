// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.autograd;

import dev.jacobian.tensor.GeluForm;
import dev.jacobian.tensor.Tensor;

/** The gated activation of Gemma's feed-forward layers (Shazeer, 2020). */
public final class GeGlu {
    private GeGlu() {}

    /** {@code y = gelu(gate) · up}. dup = dy · gelu(gate), dgate = dy · up · gelu'(gate); see {@link Gelu}. */
    public static Var geGlu(Var gate, Var up, GeluForm form) {
        Shapes.requireSame("geGlu", gate.value(), up.value());
        Tensor out = gate.like();
        gate.backend().activations().geGlu(gate.value(), up.value(), form, out);
        return Operation.of("geGlu", gate, up).result(out, dOut -> {
            Tensor dGate = gate.like();
            Tensor dUp = up.like();
            gate.backend().activations().geGluBackward(dOut, gate.value(), up.value(), form, dGate, dUp);
            gate.give(dGate);
            up.give(dUp);
        });
    }
}
