// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer.generation;

import java.util.Arrays;

/** What is done to a row of logits before a token is drawn from it. Works on plain arrays. */
final class Sampler {
    private Sampler() {}

    /** Divides positive and multiplies negative logits of tokens that already occur, once per token. */
    static void penalize(float[] row, int from, int[] prompt, IntSequence generated, float penalty) {
        boolean[] done = new boolean[row.length - from];
        for (int token : prompt) {
            penalize(row, from, token, penalty, done);
        }
        for (int i = 0; i < generated.size(); i++) {
            penalize(row, from, generated.get(i), penalty, done);
        }
    }

    private static void penalize(float[] row, int from, int token, float penalty, boolean[] done) {
        if (!done[token]) {
            done[token] = true;
            float logit = row[from + token];
            row[from + token] = logit < 0 ? logit * penalty : logit / penalty;
        }
    }

    /**
     * Applies temperature, top-k, top-p and min-p in that order to a copy of one row.
     *
     * @return scaled logits with removed tokens at −∞
     */
    static float[] filter(float[] logits, int from, int n, GenerationConfig config) {
        float[] row = Arrays.copyOfRange(logits, from, from + n);
        for (int i = 0; i < n; i++) {
            row[i] /= config.temperature();
        }
        if (config.topK() > 0 && config.topK() < n) {
            float[] sorted = row.clone();
            Arrays.sort(sorted);
            removeBelow(row, sorted[n - config.topK()]);
        }
        if (config.topP() < 1) {
            topP(row, config.topP());
        }
        if (config.minP() > 0) {
            double[] p = softmax(row);
            double limit = config.minP() * Arrays.stream(p).max().orElseThrow();
            for (int i = 0; i < n; i++) {
                if (p[i] < limit) {
                    row[i] = Float.NEGATIVE_INFINITY;
                }
            }
        }
        return row;
    }

    /** Removes the least likely tokens whose probabilities together are at most 1 − p; the likeliest always stays. */
    private static void topP(float[] row, float p) {
        double[] probabilities = softmax(row);
        Integer[] order = new Integer[row.length];
        Arrays.setAll(order, i -> i);
        Arrays.sort(order, (a, b) -> Float.compare(row[a], row[b])); // stable: equal logits by id
        double cumulative = 0;
        for (int rank = 0; rank < order.length - 1; rank++) {
            cumulative += probabilities[order[rank]];
            if (cumulative > 1 - p) {
                return;
            }
            row[order[rank]] = Float.NEGATIVE_INFINITY;
        }
    }

    private static void removeBelow(float[] row, float limit) {
        for (int i = 0; i < row.length; i++) {
            if (row[i] < limit) {
                row[i] = Float.NEGATIVE_INFINITY;
            }
        }
    }

    private static double[] softmax(float[] row) {
        float max = row[0];
        for (float value : row) {
            max = value > max ? value : max;
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
