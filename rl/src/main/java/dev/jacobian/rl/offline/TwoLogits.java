// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.offline;

/** Cross-entropy of two logits. */
final class TwoLogits {
    private TwoLogits() {}

    /**
     * Adds −share · log softmax(z)[label], with its derivatives, to a loss.
     *
     * @param z logits of all examples, two of each
     * @param at the first of an example's
     * @param label 0 or 1
     * @return how far the label's logit is ahead of the other
     */
    static double add(Loss loss, float[] z, int at, int label, double share) {
        double ahead = label == 1 ? z[at + 1] - z[at] : z[at] - z[at + 1];
        double slope = share * Sigmoids.sigmoid(-ahead);
        loss.add(-share * Sigmoids.logSigmoid(ahead));
        loss.slope(at + label, -slope);
        loss.slope(at + 1 - label, slope);
        return ahead;
    }
}
