// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer.generation;

import dev.jacobian.tensor.Backends;
import dev.jacobian.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * A row of logits on the host, with the sums that make log-probabilities of them. They are the backend's own, so the
 * log-probability of a chosen token is the same number here and there.
 *
 * @param logits [V]
 * @param inverseTemperature what they are multiplied by
 * @param max the largest product
 * @param logSum logarithm of the sum of the exponentials of products less {@code max}
 */
record LogitRow(float[] logits, float inverseTemperature, float max, float logSum) {
    /** Up to so many are found by insertion, more by sorting. */
    private static final int FEW = 64;

    /**
     * The rows of a tensor.
     *
     * @param logits [R, V]
     */
    static List<LogitRow> of(Tensor logits, float inverseTemperature) {
        int rows = logits.extent(0);
        int vocabulary = logits.extent(1);
        Tensor logProbs = Tensor.zeros(rows).to(logits.device()); // [R]
        Tensor stats = Tensor.zeros(rows, 2).to(logits.device()); // [R, 2]
        Backends.of(logits.device())
                .softmax()
                .logProbs(logits, inverseTemperature, new int[rows], logProbs, null, stats);
        float[] all = logits.toFloatArray();
        float[] maxAndSum = stats.toFloatArray();
        List<LogitRow> result = new ArrayList<>();
        for (int r = 0; r < rows; r++) {
            result.add(new LogitRow(
                    Arrays.copyOfRange(all, r * vocabulary, (r + 1) * vocabulary),
                    inverseTemperature,
                    maxAndSum[2 * r],
                    (float) StrictMath.log(maxAndSum[2 * r + 1])));
        }
        return result;
    }

    /** The log-probability of a token. */
    float logProb(int token) {
        return logits[token] * inverseTemperature - max - logSum;
    }

    /** All log-probabilities, [V]. */
    float[] logProbs() {
        float[] all = new float[logits.length];
        for (int id = 0; id < all.length; id++) {
            all[id] = logProb(id);
        }
        return all;
    }

    /** The n likeliest tokens, from the likeliest on; equal ones by id. */
    List<TokenLogProb> likeliest(int n) {
        List<TokenLogProb> top = new ArrayList<>();
        for (int id : largest(logits, n)) {
            top.add(new TokenLogProb(id, logProb(id)));
        }
        return top;
    }

    /** The indices of the n largest of some values, none of which is NaN; from the largest on, equal ones in order. */
    static int[] largest(float[] values, int n) {
        return n > FEW ? Arrays.copyOf(descending(values), Math.min(n, values.length)) : fewLargest(values, n);
    }

    private static int[] fewLargest(float[] values, int n) {
        int[] best = new int[Math.min(n, values.length)];
        int held = 0;
        for (int i = 0; i < values.length && best.length > 0; i++) {
            if (held == best.length && !(values[i] > values[best[held - 1]])) {
                continue;
            }
            int at = held < best.length ? held++ : held - 1;
            while (at > 0 && values[i] > values[best[at - 1]]) {
                best[at] = best[at - 1];
                at--;
            }
            best[at] = i;
        }
        return best;
    }

    /** All indices, sorted as numbers whose upper half is the value and whose lower half is the index. */
    private static int[] descending(float[] values) {
        long[] keys = new long[values.length];
        for (int i = 0; i < values.length; i++) {
            int bits = Float.floatToIntBits(-values[i] + 0f); // −0 and 0 are equal
            int ordered = bits < 0 ? bits ^ Integer.MAX_VALUE : bits; // signed, as the numbers are
            keys[i] = (long) ordered << Integer.SIZE | i;
        }
        Arrays.sort(keys);
        int[] indices = new int[values.length];
        Arrays.setAll(indices, rank -> (int) keys[rank]);
        return indices;
    }
}
