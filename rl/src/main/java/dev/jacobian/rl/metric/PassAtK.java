// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.metric;

import java.util.Arrays;

/**
 * pass@k: the probability that at least one of k samples is right, estimated without bias from n ≥ k samples of which c
 * are right (Chen et al., arXiv 2107.03374):
 *
 * <pre>
 * pass@k = 1 - C(n-c, k) / C(n, k) = 1 - Π_{i&lt;k} (n-c-i)/(n-i)
 * </pre>
 */
public final class PassAtK {
    private PassAtK() {}

    /**
     * The estimate for one problem.
     *
     * @param samples n, how many samples there are
     * @param right c, how many of them are right
     * @param k at least 1, at most n
     */
    public static double of(int samples, int right, int k) {
        if (k < 1 || k > samples) {
            throw new IllegalArgumentException("pass@" + k + " needs k between 1 and the number of samples, " + samples
                    + "; draw more samples per problem or ask for a smaller k");
        }
        if (right < 0 || right > samples) {
            throw new IllegalArgumentException(right + " right samples of " + samples);
        }
        double allWrong = 1;
        for (int i = 0; i < k; i++) {
            allWrong *= Math.max(0.0, samples - right - i) / (samples - i);
        }
        return 1 - allWrong;
    }

    /**
     * The mean over problems with the same number of samples.
     *
     * @param samples n per problem
     * @param right [P] right samples of each problem
     * @param k at least 1, at most n
     * @return NaN without problems
     */
    public static double mean(int samples, int[] right, int k) {
        int[] each = new int[right.length];
        Arrays.fill(each, samples);
        return mean(each, right, k);
    }

    /**
     * The mean over problems.
     *
     * @param samples [P] samples of each problem
     * @param right [P] right ones among them
     * @param k at least 1, at most the fewest samples of a problem
     * @return NaN without problems
     */
    public static double mean(int[] samples, int[] right, int k) {
        double sum = 0;
        for (int p = 0; p < right.length; p++) {
            sum += of(samples[p], right[p], k);
        }
        return sum / right.length;
    }
}
