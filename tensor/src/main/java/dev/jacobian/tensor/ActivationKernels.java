// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor;

/** Activations of feed-forward layers, plain and as gates, and their gradients. All tensors have one shape. */
public interface ActivationKernels {
    /** {@code out = silu(gate) · up}, silu(z) = z / (1 + exp(−z)). */
    void swiGlu(Tensor gate, Tensor up, Tensor out);

    /** Gradients of {@link #swiGlu}; both outputs are overwritten. */
    void swiGluBackward(Tensor dOut, Tensor gate, Tensor up, Tensor dGate, Tensor dUp);

    /** {@code out = gelu(x)}; {@code out} may be {@code x}. */
    void gelu(Tensor x, GeluForm form, Tensor out);

    /** Gradient of {@link #gelu}: {@code dX = dOut · gelu'(x)}; {@code dX} may be either input. */
    void geluBackward(Tensor dOut, Tensor x, GeluForm form, Tensor dX);

    /** {@code out = gelu(gate) · up} (Shazeer, 2020); {@code out} may be either input. */
    void geGlu(Tensor gate, Tensor up, GeluForm form, Tensor out);

    /** Gradients of {@link #geGlu}; both outputs are overwritten, and may be inputs. */
    void geGluBackward(Tensor dOut, Tensor gate, Tensor up, GeluForm form, Tensor dGate, Tensor dUp);
}
