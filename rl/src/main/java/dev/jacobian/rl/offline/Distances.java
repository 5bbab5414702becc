// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.offline;

/** The mean of a number for each token over an optimizer step. */
final class Distances {
    private Distances() {}

    /** Divergences, each by its share of the step. */
    static Loss mean(Batch<?> batch) {
        SpanScores scores = batch.policy();
        float[] distances = scores.tokens().logProbs();
        double share = 1.0 / (double) batch.window().units();
        Loss loss = Loss.of(scores);
        for (int t = 0; t < distances.length; t++) {
            loss.add(share * distances[t]);
            loss.slope(t, share);
            batch.meter().add("entropy", scores.tokens().entropy()[t], 1);
        }
        return loss;
    }
}
