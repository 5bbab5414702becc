// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer.generation;

import dev.jacobian.tensor.Backends;
import dev.jacobian.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * The likeliest tokens of rows of logits.
 *
 * <p>They come from the same sums as the log-probability of the chosen token, so that it has one number in both places.
 */
final class TopLogProbs {
    private TopLogProbs() {}

    /**
     * Those of each row, from the likeliest on; equal ones by id.
     *
     * @param logits [R, V]
     * @param inverseTemperature what logits are multiplied by
     * @param n how many of each row, at most V
     * @return R lists
     */
    static List<List<TokenLogProb>> of(Tensor logits, float inverseTemperature, int n) {
        int rows = logits.extent(0);
        int vocabulary = logits.extent(1);
        Tensor logProbs = Tensor.zeros(rows).to(logits.device()); // [R]
        Tensor stats = Tensor.zeros(rows, 2).to(logits.device()); // [R, 2]
        Backends.of(logits.device())
                .softmax()
                .logProbs(logits, inverseTemperature, new int[rows], logProbs, null, stats);
        float[] all = logits.toFloatArray();
        float[] maxAndSum = stats.toFloatArray();
        List<List<TokenLogProb>> tops = new ArrayList<>();
        for (int r = 0; r < rows; r++) {
            float max = maxAndSum[2 * r];
            float logSum = (float) StrictMath.log(maxAndSum[2 * r + 1]);
            List<TokenLogProb> top = new ArrayList<>();
            for (int id : largest(all, r * vocabulary, vocabulary, Math.min(n, vocabulary))) {
                top.add(new TokenLogProb(id, all[r * vocabulary + id] * inverseTemperature - max - logSum));
            }
            tops.add(top);
        }
        return tops;
    }

    /** The indices of the n largest of some values, from the largest on; equal ones in order. */
    static int[] largest(float[] values, int from, int count, int n) {
        int[] best = new int[n];
        int held = 0;
        for (int i = 0; i < count; i++) {
            float value = values[from + i];
            if (held == n && !(value > values[from + best[n - 1]])) {
                continue;
            }
            int at = held < n ? held++ : n - 1;
            while (at > 0 && value > values[from + best[at - 1]]) {
                best[at] = best[at - 1];
                at--;
            }
            best[at] = i;
        }
        return Arrays.copyOf(best, held);
    }
}
