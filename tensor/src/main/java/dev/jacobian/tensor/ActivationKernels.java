// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor;

/** Activations of feed-forward layers, plain and as gates, and their gradients. All tensors have one shape. */
public interface ActivationKernels {
    /** {@code out = σ(x) = 1 / (1 + exp(−x))}; {@code out} may be {@code x}. */
    void sigmoid(Tensor x, Tensor out);

    /**
     * Gradient of {@link #sigmoid}: {@code dX = dOut · out · (1 − out)}; {@code dX} may be either input.
     *
     * @param out what {@link #sigmoid} computed
     */
    void sigmoidBackward(Tensor dOut, Tensor out, Tensor dX);

    /** {@code out = silu(x)}, silu(z) = z / (1 + exp(−z)); {@code out} may be {@code x}. */
    void silu(Tensor x, Tensor out);

    /** Gradient of {@link #silu}: {@code dX = dOut · silu'(x)}; {@code dX} may be either input. */
    void siluBackward(Tensor dOut, Tensor x, Tensor dX);

    /** {@code out = max(x, 0)²}; {@code out} may be {@code x}. */
    void squaredRelu(Tensor x, Tensor out);

    /** Gradient of {@link #squaredRelu}: {@code dX = dOut · 2 max(x, 0)}; {@code dX} may be either input. */
    void squaredReluBackward(Tensor dOut, Tensor x, Tensor dX);

    /** {@code out = silu(gate) · up}. */
    void swiGlu(Tensor gate, Tensor up, Tensor out);

    /** Gradients of {@link #swiGlu}; both outputs are overwritten. */
    void swiGluBackward(Tensor dOut, Tensor gate, Tensor up, Tensor dGate, Tensor dUp);

    /** Where {@link #clampedSwiGlu} clamps. */
    float CLAMP = 7f;

    /** What {@link #clampedSwiGlu} multiplies gates by before the sigmoid: the slope that makes it nearly GELU. */
    float CLAMPED_SLOPE = 1.702f;

    /**
     * {@code out = (u + 1) · g / (1 + exp(−1.702 · g))}, g = min(gate, 7) and u = up between −7 and 7 (gpt-oss).
     */
    void clampedSwiGlu(Tensor gate, Tensor up, Tensor out);

    /** Gradients of {@link #clampedSwiGlu}, 0 where it clamps; both outputs are overwritten. */
    void clampedSwiGluBackward(Tensor dOut, Tensor gate, Tensor up, Tensor dGate, Tensor dUp);

    /** {@code out = gelu(x)}; {@code out} may be {@code x}. */
    void gelu(Tensor x, GeluForm form, Tensor out);

    /** Gradient of {@link #gelu}: {@code dX = dOut · gelu'(x)}; {@code dX} may be either input. */
    void geluBackward(Tensor dOut, Tensor x, GeluForm form, Tensor dX);

    /** {@code out = gelu(gate) · up} (Shazeer, 2020); {@code out} may be either input. */
    void geGlu(Tensor gate, Tensor up, GeluForm form, Tensor out);

    /** Gradients of {@link #geGlu}; both outputs are overwritten, and may be inputs. */
    void geGluBackward(Tensor dOut, Tensor gate, Tensor up, GeluForm form, Tensor dGate, Tensor dUp);

    /**
     * {@code out = cap · tanh(x / cap)}, which stays within ±cap (logits of Gemma 2); {@code out} may be {@code x}.
     *
     * @param cap above 0
     */
    void softCap(Tensor x, float cap, Tensor out);

    /**
     * Gradient of {@link #softCap}: {@code dX = dOut · (1 − t²)} with {@code t = capped / cap}; {@code dX} may be either input.
     *
     * @param capped what {@link #softCap} computed
     */
    void softCapBackward(Tensor dOut, Tensor capped, float cap, Tensor dX);
}
