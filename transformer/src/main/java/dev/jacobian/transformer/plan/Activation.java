// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer.plan;

/** The function between the projections of a feed-forward. */
public enum Activation {
    /** {@code x / (1 + exp(-x))}, also called swish. */
    SILU,
    /** {@code x · Φ(x)}, Φ the cumulative normal distribution (Hendrycks and Gimpel, 2016, arXiv:1606.08415). */
    GELU,
    /** The same with tanh in place of the error function. */
    GELU_TANH,
    /** {@code max(x, 0)²} (So et al., 2021, arXiv:2109.08668). */
    SQUARED_RELU
}
