// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.objective;

import java.util.Arrays;
import java.util.Comparator;
import java.util.function.IntPredicate;
import java.util.stream.IntStream;

/**
 * (A_t − mean A)(log π_t − mean log π) over the counted tokens of a batch: a token's share in the covariance that drives a policy's entropy
 * down (arXiv 2505.22617). Large where a likely token is praised, or an unlikely one blamed.
 */
final class Covariances {
    private final TokenBatch batch;
    private final double[] values; // [N]
    private final int counted;

    Covariances(TokenBatch batch) {
        this.batch = batch;
        this.values = new double[batch.tokens()];
        double advantages = 0;
        double logProbs = 0;
        int count = 0;
        for (int t = 0; t < values.length; t++) {
            if (batch.mask()[t]) {
                advantages += batch.advantages()[t];
                logProbs += batch.logProbs()[t];
                count++;
            }
        }
        for (int t = 0; t < values.length; t++) {
            values[t] = batch.mask()[t]
                    ? (batch.advantages()[t] - advantages / count) * (batch.logProbs()[t] - logProbs / count)
                    : Double.NaN;
        }
        this.counted = count;
    }

    double at(int token) {
        return values[token];
    }

    /**
     * The tokens with the largest shares: a fraction of all counted ones, at least one if there are candidates. Of equal shares the first
     * tokens.
     *
     * @param candidate which tokens may be among them
     */
    boolean[] largest(double fraction, IntPredicate candidate) {
        boolean[] chosen = new boolean[values.length];
        int[] best = IntStream.range(0, values.length)
                .filter(t -> batch.mask()[t] && candidate.test(t))
                .boxed()
                .sorted(Comparator.comparingDouble((Integer t) -> -values[t]))
                .mapToInt(Integer::intValue)
                .limit(Math.max(1, (int) (fraction * counted)))
                .toArray();
        Arrays.stream(best).forEach(t -> chosen[t] = true);
        return chosen;
    }
}
