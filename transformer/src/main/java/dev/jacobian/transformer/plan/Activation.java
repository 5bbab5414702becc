// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer.plan;

/** The function between the projections of a feed-forward. */
public enum Activation {
    /** {@code x / (1 + exp(-x))}, also called swish. */
    SILU,
    /** {@code x · Φ(x)}, Φ the cumulative normal distribution (Hendrycks and Gimpel, 2016, arXiv:1606.08415). */
    GELU,
    /** The same with tanh in place of the error function. */
    GELU_TANH
}
