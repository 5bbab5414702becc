// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer.plan;

/** The norm of queries and keys between their projection and their rotation. */
public sealed interface HeadNorm {
    /** None. */
    record None() implements HeadNorm {}

    /** Each head by itself, all with the same weight [headDim] (Qwen3). */
    record PerHead(Norm norm) implements HeadNorm {}

    /**
     * Each head by itself, with a weight of its own: [H, headDim] and [kvHeads, headDim] (StableLM, Command R+).
     *
     * @param norm without a bias, its factor the weight
     */
    record EachHead(Norm norm) implements HeadNorm {}

    /** All heads of a token as one row, weights [H · headDim] and [kvHeads · headDim] (OLMo 2). */
    record AllHeads(Norm norm) implements HeadNorm {}
}
