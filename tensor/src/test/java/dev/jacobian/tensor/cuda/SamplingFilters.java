// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.cuda;

import java.util.Arrays;
import java.util.Comparator;
import java.util.stream.IntStream;

/**
 * What the sampler does to a row of logits before it draws, as plain loops: what the kernels are measured against.
 * Temperature, top-k (0: none), top-p (1: none), min-p (0: none), in this order.
 */
record SamplingFilters(float temperature, int topK, float topP, float minP) {
    /** Scaled logits with removed tokens at −∞. */
    float[] apply(float[] logits) {
        int n = logits.length;
        float[] row = new float[n]; // [V]
        for (int i = 0; i < n; i++) {
            row[i] = logits[i] / temperature;
        }
        if (topK > 0 && topK < n) {
            float[] sorted = row.clone();
            Arrays.sort(sorted);
            for (int i = 0; i < n; i++) {
                row[i] = row[i] < sorted[n - topK] ? Float.NEGATIVE_INFINITY : row[i];
            }
        }
        if (topP < 1) {
            removeUnlikely(row);
        }
        if (minP > 0) {
            double[] p = probabilities(row);
            double limit = minP * Arrays.stream(p).max().orElseThrow();
            for (int i = 0; i < n; i++) {
                row[i] = p[i] < limit ? Float.NEGATIVE_INFINITY : row[i];
            }
        }
        return row;
    }

    private void removeUnlikely(float[] row) {
        double[] p = probabilities(row);
        int[] ascending = IntStream.range(0, row.length)
                .boxed()
                .sorted(Comparator.comparing(i -> row[i])) // stable: equal logits by id
                .mapToInt(i -> i)
                .toArray();
        double cumulative = 0;
        for (int rank = 0; rank < row.length - 1; rank++) {
            cumulative += p[ascending[rank]];
            if (cumulative > 1 - topP) {
                return;
            }
            row[ascending[rank]] = Float.NEGATIVE_INFINITY;
        }
    }

    /** In double, added in order of id. */
    static double[] probabilities(float[] row) {
        float max = row[0];
        for (float x : row) {
            max = x > max ? x : max;
        }
        double[] p = new double[row.length];
        double sum = 0;
        for (int i = 0; i < row.length; i++) {
            p[i] = StrictMath.exp(row[i] - max);
            sum += p[i];
        }
        for (int i = 0; i < row.length; i++) {
            p[i] /= sum;
        }
        return p;
    }
}
