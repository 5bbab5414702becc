// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io.tokenizer;

/**
 * The ids of two texts that a model reads as one sequence, and which text each belongs to.
 *
 * @param ids token ids
 * @param typeIds for each of them the segment, as models with segment embeddings want it: usually 0 for the first text and 1
 *     for the second
 */
public record Encoding(int[] ids, int[] typeIds) {}
