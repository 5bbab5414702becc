// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.autograd;

import dev.jacobian.tensor.Tensor;

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
        Tensor out = gate.like();
        gate.backend().activations().swiGlu(gate.value(), up.value(), out);
        return Operation.of("swiGlu", gate, up).result(out, dOut -> {
            Tensor dGate = gate.like();
            Tensor dUp = up.like();
            gate.backend().activations().swiGluBackward(dOut, gate.value(), up.value(), dGate, dUp);
            gate.give(dGate);
            up.give(dUp);
        });
    }

    /**
     * The form of gpt-oss: {@code y = (u + 1) · g · σ(1.702 · g)}, g = min(gate, 7) and u = up between −7 and 7.
     *
     * <p>dup = dy·g·σ, dgate = dy·(u + 1)·σ·(1 + 1.702·g·(1 − σ)); 0 where a number was clamped.
     */
    public static Var clampedSwiGlu(Var gate, Var up) {
        Shapes.requireSame("clampedSwiGlu", gate.value(), up.value());
        Tensor out = gate.like();
        gate.backend().activations().clampedSwiGlu(gate.value(), up.value(), out);
        return Operation.of("clampedSwiGlu", gate, up).result(out, dOut -> {
            Tensor dGate = gate.like();
            Tensor dUp = up.like();
            gate.backend().activations().clampedSwiGluBackward(dOut, gate.value(), up.value(), dGate, dUp);
            gate.give(dGate);
            up.give(dUp);
        });
    }
}
