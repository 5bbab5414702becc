// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.objective;

import java.util.Arrays;
import java.util.stream.IntStream;

/**
 * Only the most undecided tokens of a micro-batch teach (arXiv 2506.01939): those whose entropy is at or above the quantile 1 − q of its counted
 * tokens, interpolated between neighbours. TRL's {@code top_entropy_quantile}.
 *
 * @param share q, the share that is kept
 */
public record TopEntropyTokens(double share) implements TokenWeighting {
    @Override
    public double[] weights(TokenBatch batch) {
        float[] entropies = batch.entropies()
                .orElseThrow(() -> new IllegalArgumentException("top_entropy_quantile needs entropies of the tokens"));
        double[] sorted = IntStream.range(0, batch.tokens())
                .filter(t -> batch.mask()[t])
                .mapToDouble(t -> entropies[t])
                .sorted()
                .toArray();
        double[] weights = new double[batch.tokens()];
        if (sorted.length == 0) {
            return weights;
        }
        double rank = (1 - share) * (sorted.length - 1);
        int below = (int) rank;
        double above = sorted[Math.min(sorted.length - 1, below + 1)];
        double threshold = sorted[below] + (rank - below) * (above - sorted[below]);
        Arrays.setAll(weights, t -> entropies[t] >= threshold ? 1 : 0);
        return weights;
    }

    @Override
    public boolean comparesTokens() {
        return true;
    }
}
