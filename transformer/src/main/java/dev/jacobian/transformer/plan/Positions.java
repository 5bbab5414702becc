// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer.plan;

/**
 * How the position of a token enters attention. A table that is added to the embeddings once, as in GPT-2, belongs to {@link
 * Embedding}.
 */
public sealed interface Positions {
    /**
     * Queries and keys are rotated (Su et al., 2021, arXiv:2104.09864), pairs in the half-split layout.
     *
     * @param rope how the frequencies come about
     * @param dimensions elements of a head that are rotated
     */
    record Rotary(RopeConfig rope, int dimensions) implements Positions {}

    /** It does not: order is known from the causal mask alone (Kazemnejad et al., 2023, arXiv:2305.19466). */
    record None() implements Positions {}
}
