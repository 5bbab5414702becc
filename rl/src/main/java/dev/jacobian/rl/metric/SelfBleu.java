// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.metric;

import java.nio.IntBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Self-BLEU (Texygen, arXiv 1802.01886): how much the samples of one prompt resemble each other. Each response is
 * scored with BLEU-4 against all others as references; the mean is reported. 1 means all alike, near 0 all different.
 *
 * <p>BLEU (Papineni et al. 2002) is the geometric mean of the clipped n-gram precisions, n = 1..4, times the brevity
 * penalty to the reference of closest length (of two equally close the shorter). What counts for a precision with no match is a
 * {@link Smoothing}, the first by default; a response that shares no token with any reference has BLEU 0. The numbers are NLTK's.
 */
public final class SelfBleu {
    private static final int ORDER = 4;

    private SelfBleu() {}

    /**
     * Self-BLEU of the samples of one prompt.
     *
     * @param responses [K] token ids of each response, K at least 2
     */
    public static double of(int[][] responses) {
        return of(responses, Smoothing.METHOD1);
    }

    /** The same with another smoothing. */
    public static double of(int[][] responses, Smoothing smoothing) {
        double sum = 0;
        for (double bleu : each(responses, smoothing)) {
            sum += bleu;
        }
        return sum / responses.length;
    }

    /** BLEU of each response against the others, [K]. */
    static double[] each(int[][] responses, Smoothing smoothing) {
        if (responses.length < 2) {
            throw new IllegalArgumentException(
                    "Self-BLEU compares samples of one prompt and needs at least 2, got " + responses.length);
        }
        // counts[n - 1][k]: n-grams of response k. Made once, used against every other response.
        List<List<Map<IntBuffer, Integer>>> counts = new ArrayList<>();
        for (int n = 1; n <= ORDER; n++) {
            List<Map<IntBuffer, Integer>> ofOrder = new ArrayList<>();
            for (int[] response : responses) {
                ofOrder.add(NGrams.counts(response, n));
            }
            counts.add(ofOrder);
        }
        double[] bleus = new double[responses.length];
        for (int k = 0; k < responses.length; k++) {
            bleus[k] = bleu(responses, counts, k, smoothing);
        }
        return bleus;
    }

    /** BLEU-4 of response {@code candidate} against all others. */
    private static double bleu(
            int[][] responses, List<List<Map<IntBuffer, Integer>>> counts, int candidate, Smoothing smoothing) {
        double logPrecision = 0;
        int without = 0; // precisions that had no match so far
        for (int n = 1; n <= ORDER; n++) {
            int matches = matches(counts.get(n - 1), candidate);
            if (n == 1 && matches == 0) {
                return 0;
            }
            int total = Math.max(1, responses[candidate].length - n + 1);
            double counted = matches > 0 ? matches : smoothing.matches(++without, responses[candidate].length);
            logPrecision += StrictMath.log(counted / total) / ORDER;
        }
        return brevityPenalty(responses, candidate) * StrictMath.exp(logPrecision);
    }

    /** N-grams of the candidate, each counted at most as often as it occurs in the reference that has it most often. */
    private static int matches(List<Map<IntBuffer, Integer>> counts, int candidate) {
        Map<IntBuffer, Integer> most = new HashMap<>();
        for (int k = 0; k < counts.size(); k++) {
            if (k != candidate) {
                counts.get(k).forEach((gram, count) -> most.merge(gram, count, Math::max));
            }
        }
        int matches = 0;
        for (Map.Entry<IntBuffer, Integer> entry : counts.get(candidate).entrySet()) {
            matches += Math.min(entry.getValue(), most.getOrDefault(entry.getKey(), 0));
        }
        return matches;
    }

    private static double brevityPenalty(int[][] responses, int candidate) {
        int length = responses[candidate].length;
        int closest = Integer.MAX_VALUE;
        for (int k = 0; k < responses.length; k++) {
            if (k != candidate) {
                int distance = Math.abs(responses[k].length - length);
                int best = Math.abs(closest - length);
                if (closest == Integer.MAX_VALUE
                        || distance < best
                        || distance == best && responses[k].length < closest) {
                    closest = responses[k].length;
                }
            }
        }
        return length >= closest ? 1 : StrictMath.exp(1 - (double) closest / length);
    }
}
