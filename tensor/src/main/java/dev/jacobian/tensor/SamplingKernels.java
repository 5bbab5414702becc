// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor;

/** Choosing a token for each row of logits [R, V], which are contiguous. On a device only the tokens come back. */
public interface SamplingKernels {
    /**
     * The index of each row's largest element, the first of equals.
     *
     * @param logits [R, V], contiguous
     * @return [R]
     */
    int[] argmax(Tensor logits);

    /**
     * A token of each row, drawn from the {@link SoftmaxKernels#softmax} by inverting the cumulative distribution in order of token id with
     * the number {@link Rng#uniform} of the seed and the row's coordinates.
     *
     * @param logits [R, V], contiguous
     * @param coordinates [R, 4]
     * @return [R]
     */
    int[] sample(Tensor logits, float inverseTemperature, long seed, int[] coordinates);

    /**
     * The same from rows that filters have shaped.
     *
     * @param logits [R, V], contiguous
     * @param coordinates [R, 4]
     * @return [R]
     */
    int[] sample(Tensor logits, SamplingFilters filters, long seed, int[] coordinates);

    /**
     * Logits in which the tokens that each row's sequence already has are less likely: positive ones divided by the penalty,
     * negative ones multiplied.
     *
     * @param logits [R, V], contiguous
     * @param seen the tokens of each row's sequence, with repetitions
     * @return [R, V], another tensor, of the current workspace
     */
    Tensor penalize(Tensor logits, int[][] seen, float penalty);

    /**
     * Chooses a token of each row and computes its log-probability as {@link SoftmaxKernels#logProbs} does; a device is waited for once.
     *
     * @param logits [R, V], contiguous
     * @param shaped [R, V], contiguous: what tokens are chosen from, the logits or what {@link #penalize} made of them
     */
    TokenChoice choose(Tensor logits, Tensor shaped, TokenChoice.Rule rule);
}
