// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer.plan;

/** The function between the projections of a feed-forward. */
public enum Activation {
    /** {@code x / (1 + exp(-x))}, also called swish. */
    SILU
}
