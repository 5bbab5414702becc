// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.autograd;

/**
 * The weight [M, K] of a linear layer with M outputs and K inputs: a {@link Parameter}, which is trained, any other
 * variable, whose gradient goes on, a {@linkplain FrozenWeight frozen} weight in a format of its own, which has none, or a {@linkplain
 * LowRankWeight constant weight that a product of narrow matrices changes}.
 */
public sealed interface LinearWeight permits Var, FrozenWeight, LowRankWeight {
    /** Name in the checkpoint, for messages. */
    String name();
}
