// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor;

import java.util.Arrays;
import java.util.Comparator;
import java.util.stream.IntStream;

/**
 * What is done to a row of logits before a token is drawn from it, with the names and rules of transformers' logits warpers,
 * in this order. The methods are the specification, as plain loops on arrays.
 *
 * @param temperature logits are divided by it
 * @param topK keep the k largest logits (ties with the k-th too); 0 for all
 * @param topP remove the least likely tokens whose probabilities together are at most 1 − p; 1 for none
 * @param minP keep tokens with at least this share of the largest probability; 0 for all
 */
public record SamplingFilters(float temperature, int topK, float topP, float minP) {
    /** Scaled logits with removed tokens at −∞. */
    public float[] apply(float[] logits) {
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

    /** Top-p; the likeliest token always stays. */
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

    /** The softmax of a row in double, added in order of id: what top-p and min-p decide by. */
    public static double[] probabilities(float[] row) {
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

    /** Divides positive and multiplies negative logits of tokens that already occur, each once however often it does. */
    public static void penalize(float[] row, int[] seen, float penalty) {
        boolean[] done = new boolean[row.length];
        for (int token : seen) {
            if (!done[token]) {
                done[token] = true;
                row[token] = row[token] < 0 ? row[token] * penalty : row[token] / penalty;
            }
        }
    }
}
