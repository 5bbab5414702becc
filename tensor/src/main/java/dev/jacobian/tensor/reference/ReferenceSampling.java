// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.reference;

import dev.jacobian.tensor.Rng;
import dev.jacobian.tensor.Tensor;

/**
 * One token from each row.
 *
 * <p>Sampling inverts the cumulative distribution in order of token id with one uniform number, so the choice is a pure
 * function of (logits, number).
 */
public final class ReferenceSampling {
    private ReferenceSampling() {}

    /** The index of each row's largest element, the first of equals. */
    public static int[] argmax(Tensor logits) {
        int vocabulary = logits.extent(1);
        int[] tokens = new int[logits.extent(0)]; // [R]
        for (int r = 0; r < tokens.length; r++) {
            tokens[r] = argmax(logits.floats(), logits.offset() + r * vocabulary, vocabulary);
        }
        return tokens;
    }

    static int argmax(float[] row, int from, int n) {
        int best = 0;
        for (int i = 1; i < n; i++) {
            if (row[from + i] > row[from + best]) {
                best = i;
            }
        }
        return best;
    }

    /** A token of each row of probabilities, with the numbers that the seed and four coordinates per row give. */
    public static int[] draw(Tensor probabilities, long seed, int[] coordinates) {
        int vocabulary = probabilities.extent(1);
        int[] tokens = new int[probabilities.extent(0)]; // [R]
        for (int r = 0; r < tokens.length; r++) {
            int c = 4 * r;
            float uniform =
                    Rng.uniform(seed, coordinates[c], coordinates[c + 1], coordinates[c + 2], coordinates[c + 3]);
            tokens[r] = draw(probabilities.floats(), probabilities.offset() + r * vocabulary, vocabulary, uniform);
        }
        return tokens;
    }

    /**
     * Inverts the cumulative distribution.
     *
     * @param probabilities non-negative, summing to about 1
     * @param uniform in [0, 1)
     */
    static int draw(float[] probabilities, int from, int n, float uniform) {
        double cumulative = 0;
        int last = 0;
        for (int i = 0; i < n; i++) {
            float p = probabilities[from + i];
            if (p > 0) {
                cumulative += p;
                last = i;
                if (uniform < cumulative) {
                    return i;
                }
            }
        }
        return last; // rounding left the sum just below the number
    }
}
