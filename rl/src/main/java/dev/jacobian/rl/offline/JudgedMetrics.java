// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.offline;

import dev.jacobian.rl.learn.Meter;

/** What KTO and BCO measure of completions that were liked and of those that were not, under TRL's names. */
final class JudgedMetrics {
    private JudgedMetrics() {}

    /** The mean log-ratio of the spans that stand aside. */
    static double meanAsideRatio(Batch<Judged> batch) {
        double sum = 0;
        for (int i = 0; i < batch.size(); i++) {
            int span = Judged.completionOf(i);
            sum += (batch.aside().sum(span)
                            - batch.referenceAside().orElseThrow().sum(span))
                    / batch.size();
        }
        return sum;
    }

    /** Of a micro-batch, for KTO. */
    static void measureEach(Batch<Judged> batch, double beta, double z) {
        Meter meter = batch.meter();
        meter.value("kl", z);
        SpanScores policy = batch.policy();
        double[] rewards = new double[2];
        int[] counts = new int[2];
        for (int i = 0; i < batch.size(); i++) {
            int span = Judged.completionOf(i);
            int liked = batch.examples().get(i).desirable() ? 1 : 0;
            String side = liked == 1 ? "chosen" : "rejected";
            rewards[liked] += beta * batch.logRatio(span);
            counts[liked]++;
            meter.value("rewards/" + side, beta * batch.logRatio(span));
            meter.value("logps/" + side, policy.sum(span));
            meter.add("logits/" + side, policy.sum(policy.tokens().meanLogits(), span), policy.count(span));
            meter.add("entropy", policy.sum(policy.tokens().entropy(), span), policy.count(span));
        }
        if (counts[0] > 0 && counts[1] > 0) {
            meter.value("rewards/margins", rewards[1] / counts[1] - rewards[0] / counts[0]);
        }
    }

    /** Of the whole step, for BCO: micro-batches with more such completions count more. */
    static void measurePooled(Batch<Judged> batch, double beta) {
        Meter meter = batch.meter();
        SpanScores policy = batch.policy();
        for (int i = 0; i < batch.size(); i++) {
            int span = Judged.completionOf(i);
            String side = batch.examples().get(i).desirable() ? "chosen" : "rejected";
            meter.pooled("rewards/" + side, beta * batch.logRatio(span), 1);
            meter.pooled("logps/" + side, policy.sum(span), 1);
            double logits = policy.sum(policy.tokens().meanLogits(), span);
            meter.pooled("completion_logits/" + side, logits, policy.count(span));
        }
        meter.difference("rewards/margins", "rewards/chosen", "rewards/rejected");
    }
}
