// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.offline;

/** Fine-tuning on what was chosen, beside a loss of pairs: the mean over tokens of −log π. */
final class ChosenLikelihood {
    private ChosenLikelihood() {}

    /**
     * Adds it to a loss, and the metric {@code nll_loss}.
     *
     * @param weight 0 for none; the metric is 0 then
     * @param spans of each pair before its rejected completion that are learned: 1 for the chosen completion, 2 for its prompt too
     */
    static void add(Loss loss, Batch<Preference> batch, double weight, int spans) {
        SpanScores policy = batch.policy();
        long tokens = 0;
        for (int i = 0; i < batch.size(); i++) {
            for (int span = Preference.rejectedOf(i) - spans; span < Preference.rejectedOf(i); span++) {
                tokens += policy.count(span);
            }
        }
        double each = weight / ((double) tokens * batch.window().microBatches());
        for (int i = 0; i < batch.size(); i++) {
            for (int span = Preference.rejectedOf(i) - spans; span < Preference.rejectedOf(i); span++) {
                if (weight != 0) {
                    loss.add(-each * policy.sum(span), span, -each);
                }
                batch.meter().add("nll_loss", weight == 0 ? 0 : -policy.sum(span), policy.count(span));
            }
        }
    }
}
