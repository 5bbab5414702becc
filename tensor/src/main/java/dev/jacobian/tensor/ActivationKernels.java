// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor;

/** Gated activations of feed-forward layers, and their gradients. All tensors have one shape and are contiguous. */
public interface ActivationKernels {
    /** {@code out = silu(gate) · up}, silu(z) = z / (1 + exp(−z)). */
    void swiGlu(Tensor gate, Tensor up, Tensor out);

    /** Gradients of {@link #swiGlu}; both outputs are overwritten. */
    void swiGluBackward(Tensor dOut, Tensor gate, Tensor up, Tensor dGate, Tensor dUp);
}
