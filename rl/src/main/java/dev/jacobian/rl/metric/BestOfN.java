// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.metric;

import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

/**
 * best@k: the chance that the sample which a reward model likes best among k is right, without bias from n ≥ k samples:
 *
 * <pre>
 * best@k = Σ_j right(j) C(n − j, k − 1) / C(n, k)        j = 1 … n, the samples from the best score to the worst
 * </pre>
 *
 * <p>because the j-th best is chosen where it is drawn and the others come from the n − j that are worse. Of equal scores the earlier sample
 * is better. With scores that are the truth this is pass@k, with k = 1 it is the share of right samples.
 */
public final class BestOfN {
    private BestOfN() {}

    /**
     * The estimate for one problem.
     *
     * @param scores [n] of a reward model, no NaN
     * @param right [n] whether each sample is right
     * @param k at least 1, at most n
     */
    public static double of(double[] scores, boolean[] right, int k) {
        int n = scores.length;
        if (k < 1 || k > n) {
            throw new IllegalArgumentException("best@" + k + " needs k between 1 and the number of samples, " + n
                    + "; draw more samples per problem or ask for a smaller k");
        }
        List<Integer> ranking = IntStream.range(0, n)
                .boxed()
                .sorted(Comparator.comparingDouble(i -> -scores[i])) // stable
                .toList();
        double chosen = (double) k / n; // C(n − j, k − 1) / C(n, k) of the best
        double sum = 0;
        for (int j = 1; j <= n && chosen > 0; j++) {
            sum += right[ranking.get(j - 1)] ? chosen : 0;
            chosen *= n == j ? 0 : Math.max(0, (double) (n - j - k + 1)) / (n - j);
        }
        return Math.min(1, sum);
    }
}
