// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.autograd;

/**
 * The weight [M, K] of a linear layer with M outputs and K inputs: a {@link Parameter}, which is trained, any other
 * variable, whose gradient goes on, or a {@linkplain FrozenWeight frozen} weight in a format of its own, which has none.
 */
public sealed interface LinearWeight permits Var, FrozenWeight {
    /** Name in the checkpoint, for messages. */
    String name();
}
