// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor;

/** Which GELU (Hendrycks and Gimpel, 2016): checkpoints are trained with one of the two, which differ by up to 5e-4. */
public enum GeluForm {
    /** z · Φ(z), Φ the cumulative normal distribution; {@code gelu} in a config. */
    EXACT,
    /** z · ½ (1 + tanh(√(2/π) (z + 0.044715 z³))); {@code gelu_new} and {@code gelu_pytorch_tanh} in a config. */
    TANH
}
