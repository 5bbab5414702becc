// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.reference;

import dev.jacobian.tensor.Rng;
import dev.jacobian.tensor.SamplingFilters;
import dev.jacobian.tensor.SamplingKernels;
import dev.jacobian.tensor.SoftmaxKernels;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.tensor.TokenChoice;
import dev.jacobian.tensor.Workspace;
import java.util.Arrays;

/**
 * One token from each row.
 *
 * <p>Sampling inverts the cumulative distribution in order of token id with one uniform number, so the choice is a pure
 * function of (logits, number). Beside the softmax there is nothing to gain from vectors here: the vector backend draws
 * with these loops too, and has filters of its own.
 */
public class ReferenceSampling implements SamplingKernels {
    private final SoftmaxKernels softmax;

    /** Sampling from the distributions that {@code softmax} computes. */
    public ReferenceSampling(SoftmaxKernels softmax) {
        this.softmax = softmax;
    }

    @Override
    public int[] argmax(Tensor logits) {
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

    @Override
    public int[] sample(Tensor logits, float inverseTemperature, long seed, int[] coordinates) {
        Tensor probabilities = Workspace.like(logits); // [R, V]
        softmax.softmax(logits, inverseTemperature, probabilities);
        int[] tokens = draw(probabilities, seed, coordinates); // [R]
        Workspace.release(probabilities);
        return tokens;
    }

    /** A token of each row of probabilities [R, V]. */
    protected int[] draw(Tensor probabilities, long seed, int[] coordinates) {
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

    @Override
    public int[] sample(Tensor logits, SamplingFilters filters, long seed, int[] coordinates) {
        int vocabulary = logits.extent(1);
        float[] all = logits.toFloatArray();
        for (int from = 0; from < all.length; from += vocabulary) {
            float[] row = filters.apply(Arrays.copyOfRange(all, from, from + vocabulary));
            System.arraycopy(row, 0, all, from, vocabulary);
        }
        return sample(Tensor.of(all, logits.extent(0), vocabulary), 1f, seed, coordinates);
    }

    @Override
    public Tensor penalize(Tensor logits, int[][] seen, float penalty) {
        int vocabulary = logits.extent(1);
        Tensor out = Workspace.like(logits); // [R, V]
        for (int r = 0; r < seen.length; r++) {
            float[] row = logits.slice(0, r, r + 1).toFloatArray();
            SamplingFilters.penalize(row, seen[r], penalty);
            System.arraycopy(row, 0, out.floats(), out.offset() + r * vocabulary, vocabulary);
        }
        return out;
    }

    @Override
    public TokenChoice choose(Tensor logits, Tensor shaped, TokenChoice.Rule rule) {
        int[] tokens; // [R]
        if (rule.likeliest()) {
            tokens = argmax(shaped);
        } else if (rule.filters().isPresent()) {
            tokens = sample(shaped, rule.filters().get(), rule.seed(), rule.coordinates());
        } else {
            tokens = sample(shaped, rule.inverseTemperature(), rule.seed(), rule.coordinates());
        }
        Tensor logProbs = Workspace.like(logits, tokens.length); // [R]
        Tensor stats = Workspace.like(logits, tokens.length, 2); // [R, 2]
        softmax.logProbs(logits, rule.inverseTemperature(), tokens, logProbs, null, stats);
        return new TokenChoice(tokens, logProbs.toFloatArray());
    }
}
