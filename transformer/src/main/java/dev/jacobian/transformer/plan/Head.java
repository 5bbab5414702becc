// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer.plan;

/** What is read off hidden states. */
public sealed interface Head {
    /** Logits of the next token from a matrix [V, D] of its own. */
    record Tokens() implements Head {}

    /** Logits of the next token from the embedding's table. */
    record TiedTokens() implements Head {}

    /** One number per position, from a vector [1, D]: a reward, or a value. */
    record Scalar() implements Head {}
}
