// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.cpu;

import dev.jacobian.tensor.ComputePool;
import dev.jacobian.tensor.LikeliestTokens;
import dev.jacobian.tensor.SamplingFilters;
import dev.jacobian.tensor.SoftmaxKernels;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.tensor.reference.ReferenceSampling;
import java.util.Arrays;

/**
 * One token from each row, as in {@link ReferenceSampling}, whose filters sort the vocabulary: here they look at the likeliest tokens
 * alone, row by row on all threads.
 */
final class VectorSampling extends ReferenceSampling {
    VectorSampling(SoftmaxKernels softmax) {
        super(softmax);
    }

    @Override
    public int[] sample(Tensor logits, SamplingFilters filters, long seed, int[] coordinates) {
        int rows = logits.extent(0);
        int vocabulary = logits.extent(1);
        float[] all = logits.toFloatArray(); // [R, V]
        ComputePool.run(rows, r -> {
            float[] row = Arrays.copyOfRange(all, r * vocabulary, (r + 1) * vocabulary); // [V]
            float[] shaped = apply(filters, row) ? row : filters.apply(row(logits, r));
            System.arraycopy(shaped, 0, all, r * vocabulary, vocabulary);
        });
        return sample(Tensor.of(all, rows, vocabulary), 1f, seed, coordinates);
    }

    private static float[] row(Tensor logits, int r) {
        return logits.slice(0, r, r + 1).toFloatArray();
    }

    /** Shapes a row; whether what stays was certain. */
    private static boolean apply(SamplingFilters filters, float[] row) {
        for (int i = 0; i < row.length; i++) {
            row[i] /= filters.temperature();
        }
        if (filters.topK() > 0 && filters.topK() < row.length) {
            float least = LikeliestTokens.kthLargest(row, filters.topK());
            for (int i = 0; i < row.length; i++) {
                row[i] = row[i] < least ? Float.NEGATIVE_INFINITY : row[i];
            }
        }
        return (filters.topP() >= 1 || LikeliestTokens.keepNucleus(row, filters.topP(), 1))
                && (filters.minP() <= 0 || LikeliestTokens.keepShare(row, filters.minP()));
    }
}
