// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.autograd;

/**
 * The weight [M, K] of a linear layer with M outputs and K inputs: a variable, which may be trained, or a {@linkplain
 * FrozenWeight frozen} one in a narrow format, which only passes gradients on.
 */
public sealed interface LinearWeight permits Var, FrozenWeight {
    /** Name in the checkpoint, for messages. */
    String name();
}
