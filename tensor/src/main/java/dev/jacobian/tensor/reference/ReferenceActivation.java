// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.reference;

import dev.jacobian.tensor.ActivationKernels;
import dev.jacobian.tensor.GeluForm;
import dev.jacobian.tensor.Tensor;

/** Sigmoid; SiLU; the square of ReLU; SwiGLU, silu(gate) · up; GELU; GeGLU, gelu(gate) · up; soft caps; and their gradients. */
final class ReferenceActivation implements ActivationKernels {
    @Override
    public void sigmoid(Tensor x, Tensor out) {
        for (int i = 0; i < x.elements(); i++) {
            out.floats()[out.offset() + i] = 1f / (1f + Exp.exp(-x.floats()[x.offset() + i]));
        }
    }

    @Override
    public void sigmoidBackward(Tensor dOut, Tensor out, Tensor dX) {
        for (int i = 0; i < out.elements(); i++) {
            float y = out.floats()[out.offset() + i];
            dX.floats()[dX.offset() + i] = dOut.floats()[dOut.offset() + i] * (y * (1f - y));
        }
    }

    @Override
    public void silu(Tensor x, Tensor out) {
        for (int i = 0; i < x.elements(); i++) {
            out.floats()[out.offset() + i] = Exp.silu(x.floats()[x.offset() + i]);
        }
    }

    @Override
    public void siluBackward(Tensor dOut, Tensor x, Tensor dX) {
        for (int i = 0; i < x.elements(); i++) {
            float z = x.floats()[x.offset() + i];
            float sigmoid = 1f / (1f + Exp.exp(-z));
            dX.floats()[dX.offset() + i] = dOut.floats()[dOut.offset() + i] * (sigmoid * Math.fma(z, 1f - sigmoid, 1f));
        }
    }

    @Override
    public void squaredRelu(Tensor x, Tensor out) {
        for (int i = 0; i < x.elements(); i++) {
            float r = Math.max(x.floats()[x.offset() + i], 0f);
            out.floats()[out.offset() + i] = r * r;
        }
    }

    @Override
    public void squaredReluBackward(Tensor dOut, Tensor x, Tensor dX) {
        for (int i = 0; i < x.elements(); i++) {
            float r = Math.max(x.floats()[x.offset() + i], 0f);
            dX.floats()[dX.offset() + i] = dOut.floats()[dOut.offset() + i] * (2f * r);
        }
    }

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

    @Override
    public void clampedSwiGlu(Tensor gate, Tensor up, Tensor out) {
        for (int i = 0; i < gate.elements(); i++) {
            float g = Math.min(gate.floats()[gate.offset() + i], CLAMP);
            float u = Math.clamp(up.floats()[up.offset() + i], -CLAMP, CLAMP);
            out.floats()[out.offset() + i] = (u + 1f) * (g / (1f + Exp.exp(-(g * CLAMPED_SLOPE))));
        }
    }

    /** d(g · σ(a g)) = σ · (1 + a · g · (1 − σ)). */
    @Override
    public void clampedSwiGluBackward(Tensor dOut, Tensor gate, Tensor up, Tensor dGate, Tensor dUp) {
        for (int i = 0; i < gate.elements(); i++) {
            float z = gate.floats()[gate.offset() + i];
            float y = up.floats()[up.offset() + i];
            float d = dOut.floats()[dOut.offset() + i];
            float g = Math.min(z, CLAMP);
            float u = Math.clamp(y, -CLAMP, CLAMP);
            float sigmoid = 1f / (1f + Exp.exp(-(g * CLAMPED_SLOPE)));
            float slope = sigmoid * Math.fma(g * CLAMPED_SLOPE, 1f - sigmoid, 1f);
            dUp.floats()[dUp.offset() + i] = Math.abs(y) > CLAMP ? 0f : d * (g * sigmoid);
            dGate.floats()[dGate.offset() + i] = z > CLAMP ? 0f : d * (u + 1f) * slope;
        }
    }

    @Override
    public void gelu(Tensor x, GeluForm form, Tensor out) {
        for (int i = 0; i < x.elements(); i++) {
            out.floats()[out.offset() + i] = Gelu.value(form, x.floats()[x.offset() + i]);
        }
    }

    @Override
    public void geluBackward(Tensor dOut, Tensor x, GeluForm form, Tensor dX) {
        for (int i = 0; i < x.elements(); i++) {
            float slope = Gelu.slope(form, x.floats()[x.offset() + i]);
            dX.floats()[dX.offset() + i] = dOut.floats()[dOut.offset() + i] * slope;
        }
    }

    @Override
    public void geGlu(Tensor gate, Tensor up, GeluForm form, Tensor out) {
        for (int i = 0; i < gate.elements(); i++) {
            float value = Gelu.value(form, gate.floats()[gate.offset() + i]);
            out.floats()[out.offset() + i] = value * up.floats()[up.offset() + i];
        }
    }

    @Override
    public void geGluBackward(Tensor dOut, Tensor gate, Tensor up, GeluForm form, Tensor dGate, Tensor dUp) {
        for (int i = 0; i < gate.elements(); i++) {
            float z = gate.floats()[gate.offset() + i];
            float u = up.floats()[up.offset() + i];
            float d = dOut.floats()[dOut.offset() + i];
            dGate.floats()[dGate.offset() + i] = d * u * Gelu.slope(form, z);
            dUp.floats()[dUp.offset() + i] = d * Gelu.value(form, z);
        }
    }

    @Override
    public void softCap(Tensor x, float cap, Tensor out) {
        for (int i = 0; i < x.elements(); i++) {
            out.floats()[out.offset() + i] = cap * Tanh.tanh(x.floats()[x.offset() + i] / cap);
        }
    }

    @Override
    public void softCapBackward(Tensor dOut, Tensor capped, float cap, Tensor dX) {
        for (int i = 0; i < dOut.elements(); i++) {
            float tanh = capped.floats()[capped.offset() + i] / cap;
            dX.floats()[dX.offset() + i] = dOut.floats()[dOut.offset() + i] * Math.fma(-tanh, tanh, 1f);
        }
    }
}
