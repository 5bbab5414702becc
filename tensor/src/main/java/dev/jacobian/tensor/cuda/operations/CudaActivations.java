// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.cuda.operations;

import dev.jacobian.tensor.ActivationKernels;
import dev.jacobian.tensor.GeluForm;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.tensor.cuda.engine.CudaEngine;

/** Activations, plain and as gates, soft caps, and their gradients. */
public final class CudaActivations implements ActivationKernels {
    private final CudaEngine engine;

    public CudaActivations(CudaEngine engine) {
        this.engine = engine;
    }

    @Override
    public void sigmoid(Tensor x, Tensor out) {
        long n = out.elements();
        engine.launchOver(n, CudaEngine.typed("sigmoid", x.dtype()), x, n, out);
    }

    @Override
    public void sigmoidBackward(Tensor dOut, Tensor out, Tensor dX) {
        long n = dX.elements();
        engine.launchOver(n, CudaEngine.typed("sigmoid_backward", out.dtype()), dOut, out, n, dX);
    }

    @Override
    public void silu(Tensor x, Tensor out) {
        long n = out.elements();
        engine.launchOver(n, CudaEngine.typed("silu", x.dtype()), x, n, out);
    }

    @Override
    public void siluBackward(Tensor dOut, Tensor x, Tensor dX) {
        long n = dX.elements();
        engine.launchOver(n, CudaEngine.typed("silu_backward", x.dtype()), dOut, x, n, dX);
    }

    @Override
    public void squaredRelu(Tensor x, Tensor out) {
        long n = out.elements();
        engine.launchOver(n, CudaEngine.typed("squared_relu", x.dtype()), x, n, out);
    }

    @Override
    public void squaredReluBackward(Tensor dOut, Tensor x, Tensor dX) {
        long n = dX.elements();
        engine.launchOver(n, CudaEngine.typed("squared_relu_backward", x.dtype()), dOut, x, n, dX);
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

    @Override
    public void clampedSwiGlu(Tensor gate, Tensor up, Tensor out) {
        long n = out.elements();
        engine.launchOver(n, CudaEngine.typed("clamped_swiglu", gate.dtype()), gate, up, n, out);
    }

    @Override
    public void clampedSwiGluBackward(Tensor dOut, Tensor gate, Tensor up, Tensor dGate, Tensor dUp) {
        long n = dOut.elements();
        engine.launchOver(n, CudaEngine.typed("clamped_swiglu_backward", gate.dtype()), dOut, gate, up, n, dGate, dUp);
    }

    @Override
    public void gelu(Tensor x, GeluForm form, Tensor out) {
        long n = out.elements();
        engine.launchOver(n, kernel("gelu", form, "", x), x, n, out);
    }

    @Override
    public void geluBackward(Tensor dOut, Tensor x, GeluForm form, Tensor dX) {
        long n = dX.elements();
        engine.launchOver(n, kernel("gelu", form, "_backward", x), dOut, x, n, dX);
    }

    @Override
    public void geGlu(Tensor gate, Tensor up, GeluForm form, Tensor out) {
        long n = out.elements();
        engine.launchOver(n, kernel("geglu", form, "", gate), gate, up, n, out);
    }

    @Override
    public void geGluBackward(Tensor dOut, Tensor gate, Tensor up, GeluForm form, Tensor dGate, Tensor dUp) {
        long n = dOut.elements();
        engine.launchOver(n, kernel("geglu", form, "_backward", gate), dOut, gate, up, n, dGate, dUp);
    }

    @Override
    public void softCap(Tensor x, float cap, Tensor out) {
        long n = out.elements();
        engine.launchOver(n, CudaEngine.typed("soft_cap", x.dtype()), x, cap, n, out);
    }

    @Override
    public void softCapBackward(Tensor dOut, Tensor capped, float cap, Tensor dX) {
        long n = dX.elements();
        engine.launchOver(n, CudaEngine.typed("soft_cap_backward", dOut.dtype()), dOut, capped, cap, n, dX);
    }

    private static String kernel(String family, GeluForm form, String direction, Tensor x) {
        return CudaEngine.typed(family + (form == GeluForm.TANH ? "_tanh" : "") + direction, x.dtype());
    }
}
