// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.offline;

import dev.jacobian.rl.learn.Meter;

/**
 * Log-probabilities of a pair's completions by themselves, without a reference.
 *
 * @param policy scores of {@link Preference#spans}
 * @param pair which
 * @param chosen of the better completion: the sum over its tokens, or the mean
 * @param rejected of the worse one
 * @param perToken whether they are means
 */
record MeanPair(SpanScores policy, int pair, double chosen, double rejected, boolean perToken) {
    /** @param perToken whether they are means over tokens */
    static MeanPair of(SpanScores policy, int pair, boolean perToken) {
        int chosen = Preference.chosenOf(pair);
        return new MeanPair(
                policy,
                pair,
                policy.sum(chosen) / (perToken ? length(policy, chosen) : 1),
                policy.sum(chosen + 1) / (perToken ? length(policy, chosen + 1) : 1),
                perToken);
    }

    private static int length(SpanScores policy, int span) {
        return Math.max(1, policy.count(span));
    }

    /** Adds derivatives with respect to both. */
    void slope(Loss loss, double ofChosen, double ofRejected) {
        int chosen = Preference.chosenOf(pair);
        loss.slopeOfSum(chosen, ofChosen / (perToken ? length(policy, chosen) : 1));
        loss.slopeOfSum(chosen + 1, ofRejected / (perToken ? length(policy, chosen + 1) : 1));
    }

    /** Metrics under TRL's names. */
    void measure(Meter meter, double chosenReward, double rejectedReward) {
        int span = Preference.chosenOf(pair);
        meter.value("rewards/chosen", chosenReward);
        meter.value("rewards/rejected", rejectedReward);
        meter.value("rewards/accuracies", chosenReward > rejectedReward ? 1 : 0);
        meter.value("rewards/margins", chosenReward - rejectedReward);
        meter.value("logps/chosen", chosen);
        meter.value("logps/rejected", rejected);
        meter.add("completion_logits/chosen", policy.sum(policy.tokens().meanLogits(), span), policy.count(span));
        meter.add(
                "completion_logits/rejected",
                policy.sum(policy.tokens().meanLogits(), span + 1),
                policy.count(span + 1));
    }
}
